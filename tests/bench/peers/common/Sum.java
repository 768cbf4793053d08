import java.nio.charset.StandardCharsets;

/** The five figures of one entity in one window. */
public final class Sum {
    public long n;
    public long handle;
    public long good;
    public long answered;
    public long csat;

    public void add(long itsHandle, boolean value, int itsCsat) {
        n++;
        handle += itsHandle;
        good += value ? 1 : 0;
        answered += itsCsat > 0 ? 1 : 0;
        csat += itsCsat;
    }

    public void add(Sum other) {
        n += other.n;
        handle += other.handle;
        good += other.good;
        answered += other.answered;
        csat += other.csat;
    }

    /** The record that goes out: one for all figures. */
    public byte[] toJson(String entity, long endMs) {
        StringBuilder row = new StringBuilder(192);
        row.append("{\"entity\":\"").append(entity).append("\",\"end\":").append(endMs);
        row.append(",\"events\":").append(n).append(",\"handle_sum\":").append(handle);
        row.append(",\"handle_mean\":").append((double) handle / n);
        row.append(",\"good\":").append(good).append(",\"share\":").append((double) good / n);
        row.append(",\"answered\":").append(answered).append(",\"csat_sum\":").append(csat);
        if (answered > 0) {
            row.append(",\"csat_mean\":").append((double) csat / answered);
        }
        return row.append('}').toString().getBytes(StandardCharsets.UTF_8);
    }
}
