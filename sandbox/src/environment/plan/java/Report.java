// Runs JUnit 4 classes and prints a report in JUnit's XML format.
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.reflect.Modifier;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.runner.Description;
import org.junit.runner.JUnitCore;
import org.junit.runner.notification.Failure;
import org.junit.runner.notification.RunListener;

public class Report extends RunListener {
    private final Map<Description, String> results = new LinkedHashMap<>();

    @Override
    public void testStarted(Description test) {
        results.put(test, "");
    }

    @Override
    public void testFailure(Failure failure) {
        StringWriter trace = new StringWriter();
        failure.getException().printStackTrace(new PrintWriter(trace));
        String kind = failure.getException() instanceof AssertionError ? "failure" : "error";
        results.put(failure.getDescription(),
            "<" + kind + " message=\"" + escaped(failure.getMessage()) + "\">" + escaped(trace.toString()) + "</" + kind + ">");
    }

    @Override
    public void testAssumptionFailure(Failure failure) {
        results.put(failure.getDescription(), "<skipped/>");
    }

    @Override
    public void testIgnored(Description test) {
        results.put(test, "<skipped/>");
    }

    private static String escaped(String text) {
        return String.valueOf(text).replaceAll("[^\\x09\\x0a\\x20-\\ud7ff\\ue000-\\ufffd]", "?")
            .replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\"", "&quot;");
    }

    public static void main(String[] names) throws Exception {
        PrintStream out = System.out;
        System.setOut(System.err);
        Report report = new Report();
        JUnitCore core = new JUnitCore();
        core.addListener(report);
        boolean passed = true;
        int ran = 0;
        for (String name : names) {
            Class<?> type = Class.forName(name);
            if (!Modifier.isAbstract(type.getModifiers())) {
                org.junit.runner.Result result = core.run(type);
                passed &= result.wasSuccessful();
                ran += result.getRunCount();
            }
        }
        out.println("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
        out.println("<testsuite name=\"tests\" tests=\"" + report.results.size() + "\">");
        for (Map.Entry<Description, String> entry : report.results.entrySet()) {
            Description test = entry.getKey();
            String method = test.getMethodName() == null ? test.getDisplayName() : test.getMethodName();
            out.println("<testcase classname=\"" + escaped(test.getClassName()) + "\" name=\"" + escaped(method) + "\">"
                + entry.getValue() + "</testcase>");
        }
        out.println("</testsuite>");
        out.flush();
        System.exit(passed && ran > 0 ? 0 : 1);
    }
}
