// Every file of kernels, by the name of its table.
#define BS_GROUPS(X)  \
  X(activation)       \
  X(convolution)      \
  X(direct)           \
  X(direct_few)       \
  X(direct_gradient)  \
  X(direct_weights)   \
  X(pointwise)        \
  X(winograd)         \
  X(winograd_weights) \
  X(dense)            \
  X(packed_linear)    \
  X(pool_forward)     \
  X(pool_backward)    \
  X(normalise)        \
  X(loss)             \
  X(move)             \
  X(rows_elementwise) \
  X(rows_reduce)      \
  X(rows_index)       \
  X(rows_project)     \
  X(rows_step)        \
  X(rows_random)      \
  X(rows_lbfgs)       \
  X(custom)           \
  BS_TILE_GROUPS(X)

// Those with tile instructions, which are there at level amx too; at the others they emulate them.
#define BS_TILE_GROUPS(X) \
  X(tile_dense)           \
  X(tile_conv)
