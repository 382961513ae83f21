package dev.blindspot.engine.reference;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.UnsupportedException;
import dev.blindspot.engine.custom.CompiledKernel;
import dev.blindspot.engine.custom.JavaKernel;
import dev.blindspot.engine.custom.KernelArguments;
import dev.blindspot.engine.custom.KernelSource;

/** A user's Java function on one thread. */
final class ReferenceKernel implements CompiledKernel {
  private final ReferenceBackend backend;
  private final KernelSource source;

  ReferenceKernel(ReferenceBackend backend, KernelSource source) {
    if (source.java() == null) {
      throw new UnsupportedException(
          "Backend reference cannot compile kernel "
              + source.name()
              + ": it has no Java function; give one with KernelSource.java");
    }
    this.backend = backend;
    this.source = source;
  }

  @Override
  public String name() {
    return source.name();
  }

  @Override
  public String implementation() {
    return "reference";
  }

  @Override
  public void launch(Context ctx, long items, KernelArguments args) {
    if (ctx.backend() != backend) {
      throw new InvalidInputException(
          "Kernel " + name() + ": the context is of another backend; use this one's newContext()");
    }
    CompiledKernel.check(this, ctx, items, args);
    source.java().run(new View(args), 0, items);
  }

  /** The arguments with every index checked. */
  private final class View implements JavaKernel.Arguments {
    private final KernelArguments args;
    private final Cells[] cells;

    View(KernelArguments args) {
      this.args = args;
      cells = new Cells[args.tensorCount()];
      for (int i = 0; i < cells.length; i++) {
        cells[i] = Cells.of(args.tensor(i));
      }
    }

    @Override
    public double get(int tensor, long index) {
      return at(tensor, index).get(index);
    }

    @Override
    public void set(int tensor, long index, double value) {
      at(tensor, index).set(index, value);
    }

    private Cells at(int tensor, long index) {
      if (index < 0 || index >= size(tensor)) {
        throw new InvalidInputException(
            "Kernel "
                + name()
                + ": element "
                + index
                + " of tensor "
                + tensor
                + ", which is "
                + args.tensor(tensor));
      }
      return cells[tensor];
    }

    @Override
    public long size(int tensor) {
      return args.tensor(tensor).size();
    }

    @Override
    public double number(int i) {
      return args.number(i);
    }
  }
}
