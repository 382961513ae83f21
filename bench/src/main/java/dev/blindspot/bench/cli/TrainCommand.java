package dev.blindspot.bench.cli;

import picocli.CommandLine.Command;

@Command(name = "train", sortOptions = false, description = "train")
final class TrainCommand extends BlindspotCommand {
  @Override
  int execute() {
    return CommandLineTool.DONE;
  }
}
