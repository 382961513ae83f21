package dev.blindspot.engine.conformance;

import static dev.blindspot.engine.ElementType.F32;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Program;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.UnsupportedException;
import dev.blindspot.engine.custom.CompiledKernel;
import dev.blindspot.engine.custom.JavaKernel;
import dev.blindspot.engine.custom.KernelArguments;
import dev.blindspot.engine.custom.KernelSource;
import dev.blindspot.engine.primitives.ElementwiseDesc;
import dev.blindspot.engine.primitives.ElementwiseOp;
import dev.blindspot.engine.primitives.ElementwisePlan;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A user's layer: softplus with a steepness b, y = log(1 + e^(b x)) / b, and its gradient. */
class CustomKernelTest {
  private static final double STEEPNESS = 2;
  private static final KernelSource SOFTPLUS =
      KernelSource.named("softplus")
          .grain(256)
          .cpp(
              """
              extern "C" void softplus(const Arguments& args, int64_t from, int64_t to) {
                const float* x = args.tensor<const float>(0);
                float* y = args.tensor<float>(1);
                const double b = args.number(0);
                for (int64_t i = from; i < to && i < args.size(1); i++) {
                  y[i] = (float)(std::log1p(std::exp(b * x[i])) / b);
                }
              }
              """)
          .cuda(
              """
              extern "C" __global__ void softplus(const Arguments args) {
                const float* x = args.tensor<const float>(0);
                float* y = args.tensor<float>(1);
                const double b = args.number(0);
                const long long stride = gridDim.x * (long long)blockDim.x;
                for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x;
                     i < args.items() && i < args.size(1); i += stride) {
                  y[i] = (float)(log1p(exp(b * x[i])) / b);
                }
              }
              """)
          .java(
              (args, from, to) -> {
                for (long i = from; i < to; i++) {
                  double b = args.number(0);
                  args.set(1, i, Math.log1p(Math.exp(b * args.get(0, i))) / b);
                }
              });
  private static final KernelSource GRADIENT =
      KernelSource.named("softplus_gradient")
          .grain(256)
          .cpp(
              """
              extern "C" void softplus_gradient(const Arguments& args, int64_t from, int64_t to) {
                const float* x = args.tensor<const float>(0);
                const float* dy = args.tensor<const float>(1);
                float* dx = args.tensor<float>(2);
                const double b = args.number(0);
                for (int64_t i = from; i < to; i++) dx[i] = (float)(dy[i] / (1 + std::exp(-b * x[i])));
              }
              """)
          .cuda(
              """
              extern "C" __global__ void softplus_gradient(const Arguments args) {
                const float* x = args.tensor<const float>(0);
                const float* dy = args.tensor<const float>(1);
                float* dx = args.tensor<float>(2);
                const double b = args.number(0);
                const long long stride = gridDim.x * (long long)blockDim.x;
                for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < args.items(); i += stride) {
                  dx[i] = (float)(dy[i] / (1 + exp(-b * x[i])));
                }
              }
              """)
          .java(CustomKernelTest::gradient);

  private static void gradient(JavaKernel.Arguments args, long from, long to) {
    for (long i = from; i < to; i++) {
      args.set(2, i, args.get(1, i) / (1 + Math.exp(-args.number(0) * args.get(0, i))));
    }
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void valueAndGradientRecordedAndReplayed(Rig rig) {
    Backend backend = rig.backend();
    Context ctx = rig.context();
    CompiledKernel forward = backend.compile(SOFTPLUS);
    CompiledKernel backward = backend.compile(GRADIENT);
    assertTrue(forward.implementation().startsWith(backend.name()), forward.implementation());
    Twin x = rig.normals(F32, 1, 7, 301);
    Twin dy = rig.normals(F32, 2, 7, 301);
    Twin y = rig.poisoned(F32, 7, 301);
    Twin dx = rig.poisoned(F32, 7, 301);
    ElementwisePlan scale =
        backend.plan(new ElementwiseDesc(ElementwiseOp.AFFINE, F32, 7, 301), PlanOptions.forward());
    KernelArguments value = KernelArguments.of(x.device, y.device).numbers(STEEPNESS);
    KernelArguments slope = KernelArguments.of(x.device, dy.device, dx.device).numbers(STEEPNESS);
    Runnable step =
        () -> {
          forward.launch(ctx, 7 * 301, value);
          backward.launch(ctx, 7 * 301, slope);
          scale.execute(ctx, x.device, null, .5, 1, x.device);
        };
    double[] at = x.deviceValues();
    double[] weights = dy.deviceValues();
    step.run();
    check(at, weights, y, dx);
    try (Program program = ctx.record(step)) {
      for (int replay = 0; replay < 3; replay++) {
        at = x.deviceValues();
        program.run();
        check(at, weights, y, dx);
      }
    }
  }

  private static void check(double[] x, double[] dy, Twin y, Twin dx) {
    double[] got = y.deviceValues();
    double[] slope = dx.deviceValues();
    for (int i = 0; i < x.length; i++) {
      double want = Math.log1p(Math.exp(STEEPNESS * x[i])) / STEEPNESS;
      assertEquals(want, got[i], 2 * Math.ulp((float) want));
      double gradient = dy[i] / (1 + Math.exp(-STEEPNESS * x[i]));
      assertEquals(gradient, slope[i], 2 * Math.ulp((float) gradient));
    }
    y.assertGuards("y");
    dx.assertGuards("dx");
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void refusesWhatCannotBeLaunched(Rig rig) {
    CompiledKernel forward = rig.backend().compile(SOFTPLUS);
    Twin x = rig.normals(F32, 1, 4);
    KernelArguments args = KernelArguments.of(x.device, x.device).numbers(1);
    assertThrows(InvalidInputException.class, () -> forward.launch(rig.context(), -1, args));
    forward.launch(rig.context(), 0, args);
    try (Backend other = Backends.create("reference");
        TensorArena arena = other.arena(64)) {
      Tensor foreign = arena.tensor(F32, 4);
      assertThrows(
          InvalidInputException.class,
          () -> forward.launch(rig.context(), 4, KernelArguments.of(foreign, foreign).numbers(1)));
      assertThrows(InvalidInputException.class, () -> forward.launch(other.newContext(), 4, args));
    }
    Exception e =
        assertThrows(
            UnsupportedException.class, () -> rig.backend().compile(KernelSource.named("nothing")));
    assertTrue(e.getMessage().contains("KernelSource."), e.getMessage());
  }
}
