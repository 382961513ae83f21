package dev.blindspot.engine.cuda;

import dev.blindspot.engine.AllocationException;
import dev.blindspot.engine.cuda.library.CudaAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.bytedeco.cuda.global.cudart;

/** The device's memory as this backend holds it: plain cudaMalloc, counted by purpose. */
final class CudaMemory {
  private final CudaBackend backend;
  private final long limit;
  private final Map<Long, Block> blocks = new HashMap<>();
  private long total;

  private record Block(long bytes, String purpose) {}

  /**
   * @param limit bytes that may be held together
   */
  CudaMemory(CudaBackend backend, long limit) {
    this.backend = backend;
    this.limit = limit;
  }

  /**
   * Takes memory.
   *
   * @param purpose such as "an arena"
   * @throws AllocationException naming what was asked, what is free and what holds the rest
   */
  synchronized long allocate(long bytes, String purpose) {
    backend.enterDevice();
    if (bytes > limit - total) {
      throw refused(bytes, purpose, "the limit is " + limit + " bytes (blindspot.memory)");
    }
    CudaAddress p = new CudaAddress();
    int status = cudart.cudaMalloc(p, bytes);
    if (status == cudart.cudaErrorMemoryAllocation) {
      cudart.cudaGetLastError(); // it is told here; nothing is broken
      long[] memory = CudaDevice.freeAndTotal();
      throw refused(
          bytes, purpose, memory[0] + " of the device's " + memory[1] + " bytes are free");
    }
    backend.check(status, "taking " + bytes + " bytes of device memory for " + purpose);
    total += bytes;
    blocks.put(p.address(), new Block(bytes, purpose));
    return p.address();
  }

  private AllocationException refused(long bytes, String purpose, String why) {
    StringBuilder holders = new StringBuilder();
    Map<String, long[]> kinds = new TreeMap<>();
    for (Block b : blocks.values()) {
      long[] kind = kinds.computeIfAbsent(b.purpose, k -> new long[2]);
      kind[0]++;
      kind[1] += b.bytes;
    }
    kinds.forEach(
        (kind, n) ->
            holders.append("; ").append(n[0]).append(" x ").append(kind).append(": ").append(n[1]));
    return new AllocationException(
        "cuda: "
            + purpose
            + " of "
            + bytes
            + " bytes was refused: "
            + why
            + ". This backend holds "
            + total
            + " bytes"
            + holders
            + ". Close arenas, use a smaller batch, or free the device of other processes");
  }

  /** Gives memory back. */
  synchronized void free(long address, long bytes) {
    backend.enterDevice();
    Block b = blocks.remove(address);
    if (b == null || b.bytes != bytes) {
      throw new IllegalStateException("cuda: " + bytes + " bytes that are not held are freed");
    }
    total -= bytes;
    backend.check(
        cudart.cudaFree(new CudaAddress(address)), "freeing " + bytes + " bytes of " + b.purpose);
  }
}
