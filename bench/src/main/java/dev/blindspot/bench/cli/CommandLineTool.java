package dev.blindspot.bench.cli;

import dev.blindspot.bench.Version;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.UnsupportedException;
import dev.blindspot.nn.data.NearestName;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Parses a command line, runs its command, and turns failures into one sentence and a code. */
final class CommandLineTool {
  /** The command did what it was asked for. */
  static final int DONE = 0;

  /** The command could not do it. */
  static final int FAILED = 1;

  /** The command line, a file or a value is wrong. */
  static final int BAD_INPUT = 2;

  @Command(
      name = "blindspot",
      mixinStandardHelpOptions = true,
      versionProvider = VersionText.class,
      description =
          "Finds for every example the smallest change of its pixels that changes a network's answer,"
              + " and certifies a radius within which none can.",
      footer = {
        "",
        "Exit codes: 0 done, 1 failed, 2 bad usage or input.",
        "Start with: ./blindspot audit"
      },
      subcommands = {
        DoctorCommand.class,
        TrainCommand.class,
        AuditCommand.class,
        AttackCommand.class,
        TransferCommand.class,
        ReproduceCommand.class,
        AdversarialTrainingCommand.class,
        BenchCommand.class,
        TuneCommand.class,
        BoundsCommand.class,
        InspectCommand.class,
        AmplifyCommand.class,
        VisualizeCommand.class,
        CalibrateCommand.class
      })
  private static final class Top {}

  /** What --version prints. */
  static final class VersionText implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {"blindspot " + Version.program()};
    }
  }

  private CommandLineTool() {}

  /** Runs one command line. Writes only to {@code console}; never ends the process. */
  static int run(Console console, String... args) {
    CommandLine line = new CommandLine(new Top());
    line.setOut(console.out());
    line.setErr(console.err());
    line.setCaseInsensitiveEnumValuesAllowed(true);
    for (CommandLine sub : line.getSubcommands().values()) {
      ((BlindspotCommand) sub.getCommand()).console = console;
    }
    line.setParameterExceptionHandler(CommandLineTool::badUsage);
    line.setExecutionExceptionHandler(
        (e, command, parsed) ->
            failed(console, e, ((BlindspotCommand) command.getCommand()).verbose()));
    if (args.length == 0) {
      line.usage(console.err());
      return BAD_INPUT;
    }
    return line.execute(args);
  }

  private static int badUsage(ParameterException e, String[] args) {
    CommandLine command = e.getCommandLine();
    String message = sentence(e.getMessage());
    if (e instanceof UnmatchedArgumentException u && !u.getUnmatched().isEmpty()) {
      message = unknown(command, u.getUnmatched().get(0));
    }
    command.getErr().println("blindspot: " + message);
    command
        .getErr()
        .println("Try '" + command.getCommandSpec().qualifiedName() + " --help' for usage.");
    return BAD_INPUT;
  }

  private static String unknown(CommandLine command, String word) {
    if (word.startsWith("-")) {
      List<String> known =
          command.getCommandSpec().options().stream()
              .flatMap(o -> List.of(o.names()).stream())
              .toList();
      return "Option '" + word + "' is not known" + NearestName.suggestion(word, known);
    }
    List<String> known = List.copyOf(command.getSubcommands().keySet());
    return known.isEmpty()
        ? "'" + word + "' is not expected here."
        : "Command '" + word + "' is not known" + NearestName.suggestion(word, known);
  }

  private static int failed(Console console, Exception e, boolean verbose) {
    boolean bad = e instanceof InvalidInputException || e instanceof UnsupportedException;
    String text =
        e.getMessage() == null || e.getMessage().isBlank() ? e.toString() : e.getMessage();
    boolean known = e instanceof dev.blindspot.engine.BlindspotException;
    console.err().println("blindspot: " + (known ? sentence(text) : "unexpected failure: " + e));
    if (verbose) {
      e.printStackTrace(console.err());
    } else if (!known) {
      console.err().println("Run it again with --verbose for the stack trace.");
    }
    return bad ? BAD_INPUT : FAILED;
  }

  /** Ends a message as a sentence ends. */
  private static String sentence(String message) {
    String m = message.strip();
    return m.isEmpty() || ".?!)".indexOf(m.charAt(m.length() - 1)) >= 0 ? m : m + ".";
  }
}
