// Every file of kernels, by the name of its table.
#define BS_GROUPS(X) \
  X(activation)      \
  X(dense)
