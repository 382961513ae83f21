package dev.blindspot.bench.reproduce;

import dev.blindspot.bench.report.AdversarialTrainingResult.Variant;
import java.util.List;

/**
 * Adversarial training, section 4.1.
 *
 * @param trainImages trained on
 * @param testImages that errors are measured on; no setting was chosen by them
 * @param variants weight decay first
 * @param trainSeconds of all trainings, whenever they were done
 */
public record Training(
    String network,
    int trainImages,
    int testImages,
    int epochs,
    List<Long> seeds,
    int poolSize,
    int replaced,
    int gradients,
    List<Variant> variants,
    double trainSeconds,
    List<Claim> claims) {}
