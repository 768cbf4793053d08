import java.nio.ByteBuffer;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/** What one event says about one entity, and how that and the sums travel: as plain bytes. */
record Measure(long handle, boolean value, int csat) {
    static Measure of(Event event) {
        return new Measure(event.handle, event.value, event.csat);
    }

    static Serde<Measure> serde() {
        return Serdes.serdeFrom(
                (topic, m) ->
                        ByteBuffer.allocate(10)
                                .putLong(m.handle)
                                .put((byte) (m.value ? 1 : 0))
                                .put((byte) m.csat)
                                .array(),
                (topic, bytes) -> {
                    ByteBuffer in = ByteBuffer.wrap(bytes);
                    return new Measure(in.getLong(), in.get() != 0, in.get());
                });
    }

    static Serde<Sum> sums() {
        Deserializer<Sum> read =
                (topic, bytes) -> {
                    if (bytes == null) {
                        return null;
                    }
                    ByteBuffer in = ByteBuffer.wrap(bytes);
                    Sum sum = new Sum();
                    sum.n = in.getLong();
                    sum.handle = in.getLong();
                    sum.good = in.getLong();
                    sum.answered = in.getLong();
                    sum.csat = in.getLong();
                    return sum;
                };
        return Serdes.serdeFrom(
                (topic, s) ->
                        s == null
                                ? null
                                : ByteBuffer.allocate(40)
                                        .putLong(s.n)
                                        .putLong(s.handle)
                                        .putLong(s.good)
                                        .putLong(s.answered)
                                        .putLong(s.csat)
                                        .array(),
                read);
    }

    static Serde<Event> events() {
        return Serdes.serdeFrom(
                (topic, event) -> {
                    throw new UnsupportedOperationException("events are only read");
                },
                (topic, bytes) -> {
                    try {
                        return Event.parse(bytes);
                    } catch (java.io.IOException e) {
                        throw new java.io.UncheckedIOException(e);
                    }
                });
    }
}
