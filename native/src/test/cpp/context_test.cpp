// Threads, workspace and recorded programs.
#include "harness.h"

#include <sched.h>
#include <unistd.h>

namespace {

struct Counts {
  int32_t* done;
};

void once(const void* raw, int64_t task, int) { ((const Counts*)raw)->done[task]++; }

void range_once(const void* raw, int64_t from, int64_t to) {
  for (int64_t i = from; i < to; i++) ((const Counts*)raw)->done[i]++;
}

void every_task_once(int64_t context) {
  bs_context* c = (bs_context*)context;
  for (int64_t tasks : {0, 1, 2, 3, 4, 100, 1001}) {
    for (int64_t grain : {0, 1, 10, 100000}) {
      Buffer<int32_t> a(tasks), b(tasks);
      a.fill(0);
      b.fill(0);
      const Counts first = {a.data()}, second = {b.data()};
      bs_parallel(c, tasks, once, &first);
      bs_parallel_ranges(c, tasks, grain, range_once, &second);
      a.expect("bs_parallel", 0, [](int64_t) { return 1.0; });
      b.expect("bs_parallel_ranges", 0, [](int64_t) { return 1.0; });
    }
  }
}

struct Blocked {
  int64_t finished, others;
  bool alone;  // the first task ended before all others had
};

// The first task waits for all others: half of them would be its own thread's.
void wait_for_others(const void* raw, int64_t task, int) {
  Blocked& b = *(Blocked*)raw;
  if (task > 0) {
    __atomic_add_fetch(&b.finished, 1, __ATOMIC_SEQ_CST);
    return;
  }
  for (int64_t turn = 0; turn < 10000000 && __atomic_load_n(&b.finished, __ATOMIC_SEQ_CST) < b.others; turn++) {
    sched_yield();
  }
  b.alone = __atomic_load_n(&b.finished, __ATOMIC_SEQ_CST) < b.others;
}

void tasks_are_taken_over(int64_t context) {
  if (bs_threads((bs_context*)context) == 1) return;
  for (int i = 0; i < 200; i++) {
    Blocked b = {0, 63, false};
    bs_parallel((bs_context*)context, 64, wait_for_others, &b);
    if (b.finished != b.others) fail("%lld tasks of %lld", (long long)b.finished, (long long)b.others);
    if (b.alone) fail("nobody took over the tasks of a thread that was busy");
  }
}

// Jobs one after the other, some with a pause in which the workers go to sleep.
void many_jobs(int64_t context) {
  Buffer<int32_t> done(16);
  done.fill(0);
  const Counts counts = {done.data()};
  for (int i = 0; i < 3000; i++) {
    bs_parallel((bs_context*)context, 16, once, &counts);
    if (i % 100 == 0) usleep(300);
  }
  done.expect("3000 jobs", 0, [](int64_t) { return 3000.0; });
}

void programs(int64_t context) {
  const int64_t add = bs_find(0, "elementwise");
  Buffer<float> x(33, 1), y(33);
  y.fill(0);
  const int64_t program = bs_program_begin(context);
  if (bs_program_begin(context) != 0) fail("programs must not nest");
  ElementwiseArgs args = {ADD, F32, 33, x.address(), y.address(), y.address(), 0, 0};
  for (int i = 0; i < 200; i++) bs_execute(context, add, (int64_t)&args, sizeof args);
  bs_program_end(context);
  y.expect("recording executes nothing", 0, [](int64_t) { return 0.0; });
  memset(&args, 0, sizeof args);  // the program has its own copy
  if (bs_program_length(program) != 200) fail("length %lld", (long long)bs_program_length(program));
  bs_program_run(context, program);
  bs_program_run(context, program);
  y.expect("two replays", 0, [&](int64_t i) { return 400 * x[i]; });
  const int64_t thrice = bs_program_begin(context);
  for (int i = 0; i < 3; i++) bs_program_run(context, program);
  bs_program_end(context);
  if (bs_program_fuse(context, program, 0, 50, 32, 8)) fail("33 items are not 32 equal rows");
  if (!bs_program_fuse(context, program, 20, 150, 11, 90000)) fail("rows of 3 items must fuse");
  bs_program_run(context, program);
  y.expect("a fused replay", 0, [&](int64_t i) { return 600 * x[i]; });
  y.fill(0);
  bs_program_run(context, program);
  bs_program_run(context, program);
  bs_program_free(program);
  bs_program_run(context, thrice);
  y.expect("five replays", 0, [&](int64_t i) { return 1000 * x[i]; });
  bs_program_free(thrice);
}

}  // namespace

void context_test() {
  for (int threads : {1, 2, 3, 5}) {
    const int64_t context = bs_context_create(threads);
    if (bs_threads((bs_context*)context) != threads) fail("threads %d", threads);
    every_task_once(context);
    many_jobs(context);
    tasks_are_taken_over(context);
    programs(context);
    if (!bs_reserve(context, 100) || !bs_reserve(context, 50) || !bs_reserve(context, 1000)) fail("workspace");
    memset(bs_workspace((bs_context*)context), 1, 1000);
    bs_context_destroy(context);
  }
  if (bs_find(0, "no such kernel") != 0 || bs_kernel_name(0, 100000)) fail("kernels that there are not");
}
