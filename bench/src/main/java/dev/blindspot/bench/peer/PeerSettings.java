package dev.blindspot.bench.peer;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * How a peer's process is started.
 *
 * @param environment added to this process's; stated as the peer's configuration
 */
record PeerSettings(List<String> command, Map<String, String> environment) {
  private static final long PATIENCE_SECONDS = 600;

  PeerProcess start() {
    String config =
        new TreeMap<>(environment)
            .entrySet().stream()
                .map(e -> e.getKey() + "=" + e.getValue())
                .collect(Collectors.joining(" "));
    return new PeerProcess(command, environment, config, PATIENCE_SECONDS);
  }
}
