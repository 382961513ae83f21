package dev.blindspot.bench;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaMember;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition;
import dev.blindspot.bench.cli.Main;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The rules of the house that the compiler does not check. */
class HouseTest {
  private static final String OURS = "dev.blindspot..";
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("dev.blindspot");

  @Test
  void dependenciesPointOneWay() {
    ArchRule rule =
        layeredArchitecture()
            .consideringOnlyDependenciesInLayers()
            .layer("kernels")
            .definedBy("dev.blindspot.kernels..")
            .layer("engine")
            .definedBy("dev.blindspot.engine..")
            .layer("nn")
            .definedBy("dev.blindspot.nn..")
            .layer("attacks")
            .definedBy("dev.blindspot.attacks..")
            .layer("bench")
            .definedBy("dev.blindspot.bench..")
            .whereLayer("bench")
            .mayNotBeAccessedByAnyLayer()
            .whereLayer("attacks")
            .mayOnlyBeAccessedByLayers("bench")
            .whereLayer("nn")
            .mayOnlyBeAccessedByLayers("attacks", "bench")
            .whereLayer("engine")
            .mayOnlyBeAccessedByLayers("nn", "attacks", "bench")
            .whereLayer("kernels")
            .mayOnlyBeAccessedByLayers("engine");
    rule.check(CLASSES);
  }

  @Test
  void onlyTheProcessEndsTheProcess() {
    ArchRule rule =
        noClasses()
            .that()
            .doNotBelongToAnyOf(Main.class)
            .should()
            .callMethod(System.class, "exit", int.class)
            .orShould()
            .callMethod(Runtime.class, "exit", int.class)
            .orShould()
            .callMethod(Runtime.class, "halt", int.class);
    rule.check(CLASSES);
  }

  @Test
  void onlyBackendPackagesKnowTheKernels() {
    ArchRule rule =
        noClasses()
            .that(resideInAPackage("dev.blindspot.engine..").and(notBackends()))
            .should()
            .dependOnClassesThat(resideInAPackage("dev.blindspot.kernels.."));
    rule.check(CLASSES);
  }

  @Test
  void publicSignaturesAreOursOrTheJdks() {
    ArchRule rule =
        ArchRuleDefinition.classes()
            .that(isPublic().and(notBackends()).and(resideInAPackage(OURS)))
            .and()
            .resideOutsideOfPackage("dev.blindspot.kernels..")
            .should(showOnlyOwnTypes());
    rule.check(CLASSES);
  }

  private static DescribedPredicate<JavaClass> notBackends() {
    return DescribedPredicate.not(
        resideInAnyPackage(
            "dev.blindspot.engine.cpu..",
            "dev.blindspot.engine.cuda..",
            "dev.blindspot.engine.reference.."));
  }

  private static DescribedPredicate<JavaClass> isPublic() {
    return DescribedPredicate.describe(
        "public", c -> c.getModifiers().contains(JavaModifier.PUBLIC));
  }

  private static ArchCondition<JavaClass> showOnlyOwnTypes() {
    return new ArchCondition<>("show only types of this project and the JDK") {
      @Override
      public void check(JavaClass type, ConditionEvents events) {
        for (JavaMember m : type.getMembers()) {
          if (visible(m)) {
            for (JavaClass used : typesOf(m)) {
              if (foreign(used)) {
                events.add(
                    SimpleConditionEvent.violated(
                        m, m.getFullName() + " shows " + used.getFullName()));
              }
            }
          }
        }
      }
    };
  }

  private static boolean visible(JavaMember m) {
    Set<JavaModifier> modifiers = m.getModifiers();
    return (modifiers.contains(JavaModifier.PUBLIC) || modifiers.contains(JavaModifier.PROTECTED))
        && !modifiers.contains(JavaModifier.SYNTHETIC);
  }

  private static Set<JavaClass> typesOf(JavaMember m) {
    Set<JavaClass> types = new LinkedHashSet<>();
    if (m instanceof JavaField f) {
      types.addAll(f.getType().getAllInvolvedRawTypes());
    } else if (m instanceof JavaCodeUnit c) {
      types.addAll(c.getReturnType().getAllInvolvedRawTypes());
      c.getParameterTypes().forEach(p -> types.addAll(p.getAllInvolvedRawTypes()));
      types.addAll(c.getExceptionTypes());
    }
    return types;
  }

  private static boolean foreign(JavaClass used) {
    JavaClass base = used.getBaseComponentType();
    String name = base.getPackageName();
    return !base.isPrimitive()
        && !name.startsWith("java.")
        && !name.startsWith("javax.")
        && !name.startsWith("dev.blindspot.");
  }

  /** A call of a function that an installed library lacks ends the process: see the list. */
  @Test
  void nvidiasFunctionsAreInTheOldestLibraries() throws IOException {
    Set<String> allowed = new TreeSet<>();
    try (InputStream in = HouseTest.class.getResourceAsStream("nvidia-functions.txt")) {
      new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .filter(line -> !line.startsWith("#"))
          .forEach(allowed::add);
    }
    Set<String> called = new TreeSet<>();
    for (JavaClass c : CLASSES) {
      Stream.concat(c.getMethodCallsFromSelf().stream(), c.getMethodReferencesFromSelf().stream())
          .filter(a -> a.getTargetOwner().getPackageName().equals("org.bytedeco.cuda.global"))
          .forEach(a -> called.add(a.getName()));
    }
    assertEquals(allowed, called);
  }
}
