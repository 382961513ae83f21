package dev.blindspot.nn.data;

import dev.blindspot.engine.InvalidInputException;

/** A data set's training and test examples, of the same sample shape and classes. */
public record DataSplit(DataSet train, DataSet test) {

  /**
   * Checks that both agree.
   *
   * @throws InvalidInputException naming what differs
   */
  public DataSplit {
    if (!train.sampleShape().equals(test.sampleShape()) || train.classes() != test.classes()) {
      throw new InvalidInputException(
          "Data set "
              + train.name()
              + ": training samples are "
              + train.sampleShape()
              + " of "
              + train.classes()
              + " classes, test samples "
              + test.sampleShape()
              + " of "
              + test.classes()
              + "; they must agree");
    }
  }

  /** The data set's name. */
  public String name() {
    return train.name();
  }
}
