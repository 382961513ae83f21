// Activation functions on count elements, F32; gradients from the saved output y.
#include "activation.cuh"

#define EACH(expression)                             \
  {                                                  \
    EACH_THREAD(i, k.count) y[i] = (expression);     \
    return;                                          \
  }

//: activation_forward_f32 thread 1
KERNEL(activation_forward_f32)(const ActivationArgs k) {
  const float* x = (const float*)k.x;
  float* y = (float*)k.y;
  const float slope = (float)k.slope;
  switch (k.code) {
    case RELU: EACH(x[i] > 0 || x[i] != x[i] ? x[i] : 0.0f)
    case LEAKY_RELU: EACH(x[i] > 0 ? x[i] : slope * x[i])
    case SIGMOID: EACH(1 / (1 + expf(-x[i])))
    case TANH: EACH(tanhf(x[i]))
  }
}
#undef EACH

//: activation_backward_f32 thread 1
KERNEL(activation_backward_f32)(const ActivationArgs k) { activation_backward_of(k, of_grid(k.count)); }
