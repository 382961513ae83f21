package dev.blindspot.nn.data;

import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A folder of PNG and JPEG images of one size. With sub-folders, each sub-folder is a class,
 * numbered by the order of their names; without, the class is the number at the end of the file
 * name ("cat_07_3.png" is class 3). Images are not resized.
 */
public final class ImageFolder {
  private static final Pattern NUMBER = Pattern.compile("(\\d{1,6})\\.[A-Za-z]+$");

  private ImageFolder() {}

  private record Entry(Path file, int label) {}

  /**
   * Reads a folder in the order of the files' names.
   *
   * @param pattern of the file names that count ("mnist_*.png"), or null for all images
   * @throws InvalidInputException naming the file if one is no image, has another size, or no class
   */
  public static DataSet read(String name, Path folder, String pattern) {
    List<Entry> entries = list(folder, pattern);
    Shape shape = null;
    byte[][] pixels = new byte[entries.size()][];
    int[] labels = new int[pixels.length];
    int classes = 0;
    for (int i = 0; i < pixels.length; i++) {
      Path file = entries.get(i).file();
      ImageReader.Image image = ImageReader.read(file, shape);
      if (shape == null) {
        shape = image.shape();
        HeapLimit.require(folder.toString(), pixels.length, shape.size());
      } else if (!shape.equals(image.shape())) {
        throw new InvalidInputException(
            file
                + ": the image is "
                + image.shape()
                + ", the images before it are "
                + shape
                + " (channels, height, width); all images of a folder must agree");
      }
      pixels[i] = image.pixels();
      labels[i] = entries.get(i).label();
      classes = Math.max(classes, labels[i] + 1);
    }
    return new DataSet(name, shape, classes, pixels, labels);
  }

  /**
   * Reads one PNG or JPEG file: a data set of one sample, of class 0 of 1.
   *
   * @throws InvalidInputException naming the file if it is missing or no image
   */
  public static DataSet readFile(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new InvalidInputException(file + ": no such file");
    }
    ImageReader.Image image = ImageReader.read(file, null);
    return new DataSet(
        file.toString(), image.shape(), 1, new byte[][] {image.pixels()}, new int[] {0});
  }

  /**
   * Reads the folders train and test below {@code folder}; their sub-folders must have the same
   * names.
   *
   * @throws InvalidInputException naming the file or folder at fault
   */
  public static DataSplit readSplit(String name, Path folder) {
    Path train = folder.resolve("train");
    Path test = folder.resolve("test");
    if (!classNames(train).equals(classNames(test))) {
      throw new InvalidInputException(
          test
              + ": the classes "
              + classNames(test)
              + " are not those of "
              + train
              + ": "
              + classNames(train));
    }
    DataSet a = read(name, train, null);
    DataSet b = read(name, test, null);
    int classes = Math.max(a.classes(), b.classes());
    return new DataSplit(a.withClasses(classes), b.withClasses(classes));
  }

  private static List<String> classNames(Path folder) {
    return children(folder).stream()
        .filter(Files::isDirectory)
        .map(p -> p.getFileName().toString())
        .toList();
  }

  private static List<Entry> list(Path folder, String pattern) {
    if (!Files.isDirectory(folder)) {
      throw new InvalidInputException(folder + ": no such folder");
    }
    List<Path> children = children(folder);
    List<Path> classes = children.stream().filter(Files::isDirectory).toList();
    List<Entry> entries = new ArrayList<>();
    if (classes.isEmpty()) {
      for (Path p : images(children, pattern)) {
        entries.add(new Entry(p, numberAtEnd(p)));
      }
    } else {
      for (int label = 0; label < classes.size(); label++) {
        for (Path p : images(children(classes.get(label)), pattern)) {
          entries.add(new Entry(p, label));
        }
      }
    }
    if (entries.isEmpty()) {
      throw new InvalidInputException(
          folder + ": no PNG or JPEG image" + (pattern == null ? "" : " named " + pattern));
    }
    return entries;
  }

  private static List<Path> children(Path folder) {
    try (Stream<Path> s = Files.list(folder)) {
      return s.filter(p -> !p.getFileName().toString().startsWith(".")).sorted().toList();
    } catch (IOException e) {
      throw new InvalidInputException(folder + ": cannot be listed: " + e.getMessage(), e);
    }
  }

  private static List<Path> images(List<Path> files, String pattern) {
    return files.stream()
        .filter(p -> hasImageName(p.getFileName().toString()))
        .filter(
            p ->
                pattern == null
                    || p.getFileSystem().getPathMatcher("glob:" + pattern).matches(p.getFileName()))
        .toList();
  }

  private static boolean hasImageName(String name) {
    String s = name.toLowerCase(Locale.ROOT);
    return s.endsWith(".png") || s.endsWith(".jpg") || s.endsWith(".jpeg");
  }

  private static int numberAtEnd(Path file) {
    Matcher m = NUMBER.matcher(file.getFileName().toString());
    if (!m.find()) {
      throw new InvalidInputException(
          file
              + ": no class: the name must end with a number (cat_3.png), or images must lie in"
              + " one sub-folder for each class");
    }
    return Integer.parseInt(m.group(1));
  }
}
