package dev.blindspot.attacks.training;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.BackendOptions;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.ElementType;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.data.DataSet;
import dev.blindspot.nn.data.DataSets;
import dev.blindspot.nn.layers.ActivationLayer;
import dev.blindspot.nn.layers.Linear;
import dev.blindspot.nn.training.Recipe;
import dev.blindspot.nn.training.Trainer;
import dev.blindspot.nn.training.TrainingListener;

/** A small sigmoid net and few digits for tests of adversarial training. */
final class Digits {
  static final DataSet DATA = DataSets.load("synthetic", null, 1).train().first(600);

  static final Network NETWORK =
      Network.builder("small", DATA.sampleShape())
          .add("fc1", Linear.of(16))
          .add("sigmoid1", ActivationLayer.sigmoid())
          .add("fc2", Linear.of(12))
          .add("sigmoid2", ActivationLayer.sigmoid())
          .add("fc3", Linear.of(10))
          .build();

  static final Recipe RECIPE = Recipe.adam(3, 50, 2e-2, 1e-5);

  private Digits() {}

  /** Always cpu: trainings take minutes on stand-ins, and attacks and layers are tested there. */
  static Backend backend() {
    return Backends.create("cpu", BackendOptions.defaults().threads(2));
  }

  /** Trained until it knows the digits. */
  static Parameters trained(Backend backend) {
    Parameters p = Parameters.initialize(NETWORK, backend, ElementType.F32, 1);
    Recipe r = RECIPE.epochs(8);
    new Trainer(NETWORK, p, backend, r, 1, TrainingListener.silent(), null).run(DATA);
    return p;
  }
}
