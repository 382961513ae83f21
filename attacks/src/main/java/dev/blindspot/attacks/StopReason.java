package dev.blindspot.attacks;

/** Why an attack stopped on a sample. */
public enum StopReason {
  /** The attack reached its goal and ran to the end of its search. */
  SUCCEEDED("adversarial found"),
  /** The budget of steps was spent without reaching the goal. */
  BUDGET_SPENT("not found within the steps allowed"),
  /** The clean sample reaches the goal as it is; it was not attacked. */
  ALREADY_WRONG("the clean sample already has the label aimed at or a wrong one"),
  /** The loss has gradient 0 in every element: the attack has no direction. */
  ZERO_GRADIENT("the input gradient is zero"),
  /** The network gives NaN or infinity for the clean sample, or its gradient. */
  NOT_FINITE("the network gives NaN or infinity");

  private final String sentence;

  StopReason(String sentence) {
    this.sentence = sentence;
  }

  /** For reports. */
  public String sentence() {
    return sentence;
  }
}
