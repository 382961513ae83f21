// libcudnn_adv.so.9: only loaded.
#include "cudnn.h"

RESULT cudnnAdvVersionCheck() { return 0; }
