// Worker pool, workspace, recorded programs.
#include <linux/futex.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "blindspot.h"

namespace {

// How long a thread waits awake before it sleeps: to wake one takes 20 to 60 microseconds, most of them where the
// machine is a virtual one, and a network's small layers leave gaps of such lengths.
const int64_t AWAKE_NANOSECONDS = 100000;

// Turns of a pause loop between looks at the clock.
const int TURNS = 16;

// What the rows that a group works on at a time may take in a core's cache.
const int64_t CHUNK_BYTES = 256 << 10;

// Items of a group for which waking a thread pays.
const int64_t GROUP_GRAIN = 16384;

// Of T threads, thread i has tasks i, i + T, i + 2 T, ..., so that it meets the same data in each job, and takes over
// tasks of others when it has finished: nobody waits for a thread that has yet to wake up.
struct Job {
  void (*fn)(const void*, int64_t, int);
  const void* data;
  int64_t each, rest;  // tasks of each thread; the first `rest` have one more
};

// A thread's tasks that nobody has begun, or less than 1.
struct alignas(64) Queue {
  int64_t left;
};

struct Worker {
  bs_context* ctx;
  pthread_t thread;
  int index;
};

struct Command {
  bs_kernel kernel;
  size_t offset;  // of the arguments in the program's block
};

// A kernel's function for ranges of items, of which each row has the same number.
struct RowOp {
  void (*fn)(const void*, int64_t, int64_t);
  size_t offset;
  int64_t items;
};

// Commands from first on that run together, some rows at a time.
struct Group {
  size_t first, count;
  int64_t rows, chunk, grain;
  RowOp* ops;
};

struct Program {
  Command* commands;
  size_t length, capacity;
  char* arguments;
  size_t used, room;
  Group* groups;
  size_t grouped, group_room;
};

// What a kernel asked bs_parallel_ranges for.
struct Probe {
  void (*fn)(const void*, int64_t, int64_t);
  const void* data;
  int64_t count;
};

void wait(int* word, int old) { syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, old, nullptr, nullptr, 0); }

void wake(int* word, int count) { syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, nullptr, nullptr, 0); }

}  // namespace

struct bs_context {
  int threads;
  Worker* workers;
  Queue* queues;                // one for each thread
  alignas(64) int epoch;        // counts jobs; workers wait for its change
  alignas(64) int64_t pending;  // tasks of the job that are not finished
  alignas(64) int sleepers;
  int caller_sleeps;
  bool stop;
  Job job;
  void* workspace;
  int64_t workspace_bytes;
  Program* recording;
  Probe* probe;  // set while a kernel is only asked what it would do
};

namespace {

int64_t tasks_of(const Job& job, int thread) { return job.each + (thread < job.rest); }

// Executes tasks until none is left, by which time others may still be at work on some. A job ends with its last task,
// so whoever has taken one finds the job as it is; a thread that comes late finds nothing, or tasks of the next job.
void share(bs_context* c, int index) {
  int64_t finished = 0;
  for (int i = 0; i < c->threads; i++) {
    const int owner = index + i < c->threads ? index + i : index + i - c->threads;
    int64_t* left = &c->queues[owner].left;
    int64_t n;
    while (__atomic_load_n(left, __ATOMIC_RELAXED) > 0 && (n = __atomic_fetch_sub(left, 1, __ATOMIC_ACQUIRE)) > 0) {
      c->job.fn(c->job.data, owner + (tasks_of(c->job, owner) - n) * c->threads, index);
      finished++;
    }
  }
  if (finished > 0 && __atomic_sub_fetch(&c->pending, finished, __ATOMIC_SEQ_CST) == 0 &&
      __atomic_exchange_n(&c->caller_sleeps, 0, __ATOMIC_SEQ_CST)) {
    wake(&c->caller_sleeps, 1);
  }
}

int64_t nanoseconds() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

// Waits for a while until the test holds; false: in vain.
template <class Test>
bool await_awake(const Test& test) {
  const int64_t begin = nanoseconds();
  do {
    for (int i = 0; i < TURNS; i++) {
      if (test()) return true;
      __builtin_ia32_pause();
    }
  } while (nanoseconds() - begin < AWAKE_NANOSECONDS);
  return false;
}

// Waits for a job other than the one seen last.
void await_job(bs_context* c, int seen) {
  if (await_awake([=] { return __atomic_load_n(&c->epoch, __ATOMIC_ACQUIRE) != seen; })) return;
  __atomic_add_fetch(&c->sleepers, 1, __ATOMIC_SEQ_CST);
  while (__atomic_load_n(&c->epoch, __ATOMIC_SEQ_CST) == seen) wait(&c->epoch, seen);
  __atomic_sub_fetch(&c->sleepers, 1, __ATOMIC_SEQ_CST);
}

void* work(void* raw) {
  const Worker* w = (const Worker*)raw;
  bs_context* c = w->ctx;
  for (int seen = 0;;) {
    await_job(c, seen);
    seen = __atomic_load_n(&c->epoch, __ATOMIC_ACQUIRE);
    if (__atomic_load_n(&c->stop, __ATOMIC_ACQUIRE)) return nullptr;
    share(c, w->index);
  }
}

void announce(bs_context* c) {
  __atomic_add_fetch(&c->epoch, 1, __ATOMIC_SEQ_CST);
  if (__atomic_load_n(&c->sleepers, __ATOMIC_SEQ_CST)) wake(&c->epoch, c->threads);
}

// Waits for the last task, by the thread that gave the job.
void finish(bs_context* c) {
  if (await_awake([=] { return __atomic_load_n(&c->pending, __ATOMIC_ACQUIRE) == 0; })) return;
  while (__atomic_load_n(&c->pending, __ATOMIC_SEQ_CST) != 0) {
    __atomic_store_n(&c->caller_sleeps, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&c->pending, __ATOMIC_SEQ_CST) != 0) wait(&c->caller_sleeps, 1);
  }
  __atomic_store_n(&c->caller_sleeps, 0, __ATOMIC_SEQ_CST);
}

struct Ranges {
  void (*fn)(const void*, int64_t, int64_t);
  const void* data;
  int64_t count, parts;
};

void range(const void* raw, int64_t task, int) {
  const Ranges& r = *(const Ranges*)raw;
  r.fn(r.data, r.count * task / r.parts, r.count * (task + 1) / r.parts);
}

struct GroupRun {
  const Group* group;
  const char* arguments;
};

void run_rows(const void* raw, int64_t from, int64_t to) {
  const GroupRun& run = *(const GroupRun*)raw;
  const Group& g = *run.group;
  for (int64_t row = from; row < to; row += g.chunk) {
    const int64_t end = row + g.chunk < to ? row + g.chunk : to;
    for (size_t k = 0; k < g.count; k++) {
      const RowOp& op = g.ops[k];
      op.fn(run.arguments + op.offset, row * op.items, end * op.items);
    }
  }
}

void stop_workers(bs_context* c, int started) {
  __atomic_store_n(&c->stop, true, __ATOMIC_SEQ_CST);
  announce(c);
  for (int i = 1; i < started; i++) pthread_join(c->workers[i].thread, nullptr);
}

void free_context(bs_context* c) {
  free(c->queues);
  free(c->workers);
  free(c);
}

}  // namespace

int64_t bs_context_create(int threads) {
  void *memory = nullptr, *queues = nullptr;
  if (posix_memalign(&memory, 64, sizeof(bs_context)) != 0) return 0;
  memset(memory, 0, sizeof(bs_context));
  bs_context* c = (bs_context*)memory;
  c->threads = threads;
  c->workers = (Worker*)calloc((size_t)threads, sizeof(Worker));
  if (!c->workers || posix_memalign(&queues, 64, (size_t)threads * sizeof(Queue)) != 0) {
    free_context(c);
    return 0;
  }
  memset(queues, 0, (size_t)threads * sizeof(Queue));
  c->queues = (Queue*)queues;
  for (int i = 1; i < threads; i++) {
    c->workers[i] = {c, {}, i};
    if (pthread_create(&c->workers[i].thread, nullptr, work, &c->workers[i]) != 0) {
      stop_workers(c, i);
      free_context(c);
      return 0;
    }
  }
  return (int64_t)c;
}

void bs_context_destroy(int64_t ctx) {
  bs_context* c = (bs_context*)ctx;
  stop_workers(c, c->threads);
  if (c->workspace) bs_free((int64_t)c->workspace, c->workspace_bytes);
  free_context(c);
}

int bs_threads(const bs_context* c) { return c->threads; }

void bs_parallel(bs_context* c, int64_t tasks, void (*fn)(const void*, int64_t, int), const void* data) {
  if (tasks <= 1 || c->threads == 1) {
    for (int64_t t = 0; t < tasks; t++) fn(data, t, 0);
    return;
  }
  c->job = {fn, data, tasks / c->threads, tasks % c->threads};
  __atomic_store_n(&c->pending, tasks, __ATOMIC_SEQ_CST);
  for (int i = 0; i < c->threads; i++) __atomic_store_n(&c->queues[i].left, tasks_of(c->job, i), __ATOMIC_RELEASE);
  announce(c);
  share(c, 0);
  finish(c);
}

void bs_parallel_ranges(bs_context* c, int64_t count, int64_t grain, void (*fn)(const void*, int64_t, int64_t),
                        const void* data) {
  if (c->probe) {
    *c->probe = {fn, data, count};
    return;
  }
  int64_t parts = count / (grain > 0 ? grain : 1);
  if (parts > c->threads) parts = c->threads;
  if (parts <= 1) {
    if (count > 0) fn(data, 0, count);
    return;
  }
  Ranges r = {fn, data, count, parts};
  bs_parallel(c, parts, range, &r);
}

void* bs_workspace(bs_context* c) { return c->workspace; }

int bs_reserve(int64_t ctx, int64_t bytes) {
  bs_context* c = (bs_context*)ctx;
  if (bytes <= c->workspace_bytes) return 1;
  int64_t memory = bs_allocate(bytes);
  if (!memory) return 0;
  if (c->workspace) bs_free((int64_t)c->workspace, c->workspace_bytes);
  c->workspace = (void*)memory;
  c->workspace_bytes = bytes;
  return 1;
}

// ---- Programs

void bs_execute(int64_t ctx, int64_t kernel, int64_t args, int64_t bytes) {
  bs_context* c = (bs_context*)ctx;
  Program* p = c->recording;
  if (!p) {
    ((bs_kernel)kernel)(c, (const void*)args);
    return;
  }
  if (p->length == p->capacity) {
    p->capacity = p->capacity ? 2 * p->capacity : 64;
    p->commands = (Command*)realloc(p->commands, p->capacity * sizeof(Command));
  }
  if (p->used + (size_t)bytes > p->room) {
    p->room = 2 * p->room + (size_t)bytes + 4096;
    p->arguments = (char*)realloc(p->arguments, p->room);
  }
  memcpy(p->arguments + p->used, (const void*)args, (size_t)bytes);
  p->commands[p->length++] = {(bs_kernel)kernel, p->used};
  p->used += ((size_t)bytes + 7) / 8 * 8;
}

void bs_run(int64_t ctx, int64_t kernel, int64_t args) { ((bs_kernel)kernel)((bs_context*)ctx, (const void*)args); }

int64_t bs_program_begin(int64_t ctx) {
  bs_context* c = (bs_context*)ctx;
  if (c->recording) return 0;
  c->recording = (Program*)calloc(1, sizeof(Program));
  return (int64_t)c->recording;
}

void bs_program_end(int64_t ctx) { ((bs_context*)ctx)->recording = nullptr; }

int64_t bs_program_length(int64_t program) { return (int64_t)((Program*)program)->length; }

int bs_program_fuse(int64_t ctx, int64_t program, int64_t first, int64_t count, int64_t rows, int64_t row_bytes) {
  bs_context* c = (bs_context*)ctx;
  Program* p = (Program*)program;
  RowOp* ops = (RowOp*)calloc((size_t)count, sizeof(RowOp));
  int64_t items = 0;
  for (int64_t i = 0; i < count; i++) {
    const Command& command = p->commands[first + i];
    const void* args = p->arguments + command.offset;
    Probe probe = {};
    c->probe = &probe;
    command.kernel(c, args);
    c->probe = nullptr;
    if (!probe.fn || probe.data != args || probe.count % rows != 0) {
      free(ops);
      return 0;
    }
    ops[i] = {probe.fn, command.offset, probe.count / rows};
    items += ops[i].items;
  }
  if (p->grouped == p->group_room) {
    p->group_room = p->group_room ? 2 * p->group_room : 8;
    p->groups = (Group*)realloc(p->groups, p->group_room * sizeof(Group));
  }
  const int64_t fit = row_bytes > 0 ? CHUNK_BYTES / row_bytes : rows;
  p->groups[p->grouped++] = {(size_t)first, (size_t)count, rows, fit > 1 ? fit : 1, GROUP_GRAIN / items + 1, ops};
  return 1;
}

void bs_program_run(int64_t ctx, int64_t program) {
  const Program* p = (const Program*)program;
  const Group* group = p->groups;
  const Group* end_of_groups = p->groups + p->grouped;
  for (size_t i = 0; i < p->length; i++) {
    if (group != end_of_groups && group->first == i && !((bs_context*)ctx)->recording) {
      GroupRun run = {group, p->arguments};
      bs_parallel_ranges((bs_context*)ctx, group->rows, group->grain, run_rows, &run);
      i += group->count - 1;
      group++;
      continue;
    }
    const Command& c = p->commands[i];
    size_t end = i + 1 < p->length ? p->commands[i + 1].offset : p->used;
    bs_execute(ctx, (int64_t)c.kernel, (int64_t)(p->arguments + c.offset), (int64_t)(end - c.offset));
  }
}

void bs_program_free(int64_t program) {
  Program* p = (Program*)program;
  for (size_t i = 0; i < p->grouped; i++) free(p->groups[i].ops);
  free(p->groups);
  free(p->commands);
  free(p->arguments);
  free(p);
}
