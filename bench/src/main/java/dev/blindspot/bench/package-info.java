/** What the workbench knows of itself: its version. */
package dev.blindspot.bench;
