package dev.blindspot.kernels;

import java.io.File;
import java.io.IOException;
import java.net.URL;
import org.bytedeco.javacpp.Loader;

/** Finds the OpenBLAS library of the preset's jar without loading the preset. */
public final class OpenBlas {
  private OpenBlas() {}

  /**
   * Extracts the library with what it needs beside it, and opens it for the kernels.
   *
   * @return null, or the reason why not
   */
  public static String open() {
    String folder = "/org/bytedeco/openblas/linux-x86_64/";
    try {
      File library = null;
      for (String name :
          new String[] {
            "libgcc_s.so.1", "libquadmath.so.0", "libgfortran.so.5", "libopenblas.so.0"
          }) {
        URL url = OpenBlas.class.getResource(folder + name);
        if (url == null) {
          return folder
              + name
              + " is not on the class path; add org.bytedeco:openblas with the"
              + " classifier linux-x86_64";
        }
        library = Loader.cacheResource(url);
      }
      return Kernels.blasOpen(library.getPath());
    } catch (IOException e) {
      return "cannot extract OpenBLAS: " + e;
    }
  }
}
