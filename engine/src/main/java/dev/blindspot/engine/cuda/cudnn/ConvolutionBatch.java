package dev.blindspot.engine.cuda.cudnn;

import dev.blindspot.engine.Direction;
import java.util.Map;
import org.bytedeco.cuda.cudnn.cudnnConvolutionStruct;
import org.bytedeco.cuda.cudnn.cudnnTensorStruct;

/**
 * What a convolution of one batch size is executed with.
 *
 * @param choices of the planned directions
 */
record ConvolutionBatch(cudnnTensorStruct x, cudnnTensorStruct y, Map<Direction, Choice> choices) {

  /**
   * @param convolution carries the math type of the algorithm
   * @param workspaceBytes that the algorithm needs for this batch
   */
  record Choice(
      int algorithm, int mathType, cudnnConvolutionStruct convolution, long workspaceBytes) {}
}
