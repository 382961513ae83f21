// What a compiled kernel library and the interpreter of blocks share; no header may be included.
#pragma once
enum { STANDIN_THREADS = 1024 };  // most threads of a block

struct StandinBlock {
  struct Dim {
    unsigned x, y, z;
  } thread, block, size, grid;              // threadIdx, blockIdx, blockDim, gridDim
  unsigned next, turn;                      // threads begun; the k-th is number k ^ turn
  unsigned char returned[STANDIN_THREADS];  // threads whose kernel call has ended
  // Waits for the mask's lanes of the warp, or for the block if it is 0; gives what they brought.
  const unsigned long long* (*meet)(int line, unsigned mask, unsigned long long value, unsigned*);
  void (*fail)(const char* message);  // misuse if there is a message, else __trap: ends the launch
};
