// Projection of rows onto a ball intersected with a box, a block a row.
#include "rows_project.cuh"

// x, y, z [n,length], radius [n]; z may be x or y
//: projection block 2
KERNEL(projection)(const ProjectionArgs k) {
  EACH_BLOCK(i, k.n) project_of(k, i);
}
