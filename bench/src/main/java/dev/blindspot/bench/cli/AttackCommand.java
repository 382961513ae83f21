package dev.blindspot.bench.cli;

import picocli.CommandLine.Command;

@Command(name = "attack", sortOptions = false, description = "attack")
final class AttackCommand extends BlindspotCommand {
  @Override
  int execute() {
    return CommandLineTool.DONE;
  }
}
