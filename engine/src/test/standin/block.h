// What a compiled kernel library and the interpreter of blocks share; no header may be included here.
#ifndef STANDIN_BLOCK_H
#define STANDIN_BLOCK_H

struct StandinDim {
  unsigned x, y, z;
};

enum { STANDIN_THREADS = 1024 };  // most threads of a block

struct StandinBlock {
  StandinDim thread, block, size, grid;             // threadIdx, blockIdx, blockDim, gridDim
  unsigned next, turn;                              // threads begun; the k-th is number k ^ turn
  unsigned char returned[STANDIN_THREADS];          // threads whose kernel call has ended
  void (*sync)(int line);                           // __syncthreads
  const unsigned long long* (*exchange)(int line, int operation, unsigned mask, unsigned long long value,
                                        unsigned* present);  // values of the warp's lanes that arrived
  void (*fail)(const char* message);                // misuse: ends the process
  void (*trap)();                                   // __trap: ends the launch with a sticky error
};

#endif
