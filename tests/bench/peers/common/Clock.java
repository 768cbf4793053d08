import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.LongSupplier;

/** Notes CPU time and wall time when half of the work is done, and when all is. */
public final class Clock {
    private static final OperatingSystemMXBean SYSTEM =
            (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    private final LongSupplier done;
    private final long half;
    private volatile long halfCpu;
    private volatile long halfWall;

    public Clock(LongSupplier done, long all) {
        this.done = done;
        this.half = all / 2;
        Thread thread = new Thread(this::awaitHalf, "clock");
        thread.setDaemon(true);
        thread.start();
    }

    private void awaitHalf() {
        try {
            while (done.getAsLong() < half) {
                Thread.sleep(10);
            }
            halfWall = System.nanoTime();
            halfCpu = SYSTEM.getProcessCpuTime();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** CPU seconds and seconds of the second half. */
    public void stop(Path file) throws IOException {
        double cpu = (SYSTEM.getProcessCpuTime() - halfCpu) / 1e9;
        double wall = (System.nanoTime() - halfWall) / 1e9;
        Files.writeString(file, String.format(Locale.ROOT, "%.3f %.3f%n", cpu, wall));
    }
}
