package dev.blindspot.bench.cli;

import picocli.CommandLine.Command;

@Command(name = "audit", sortOptions = false, description = "audit")
final class AuditCommand extends BlindspotCommand {
  @Override
  int execute() {
    return CommandLineTool.DONE;
  }
}
