package dev.blindspot.bench.cli;

import picocli.CommandLine.Command;

@Command(name = "bounds", sortOptions = false, description = "bounds")
final class BoundsCommand extends BlindspotCommand {
  @Override
  int execute() {
    return CommandLineTool.DONE;
  }
}
