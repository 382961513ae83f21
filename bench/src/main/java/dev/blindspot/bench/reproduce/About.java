package dev.blindspot.bench.reproduce;

/**
 * How results were made, for the report.
 *
 * @param command as it was typed
 * @param version of the program
 * @param device the backend's name
 * @param data name of the data
 */
public record About(String command, String version, String device, int threads, String data) {}
