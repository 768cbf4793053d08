import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.EmitStrategy;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.state.BuiltInDslStoreSuppliers;
import org.apache.kafka.streams.state.WindowStore;

/**
 * Kafka Streams: StreamsPeer ADDRESS TOPIC OUT w1|w2 GRACE-SECONDS EVENTS FILE. Ends when EVENTS
 * events are counted, and writes what their second half took to FILE; with 0 it goes on until
 * SIGTERM.
 */
public final class StreamsPeer {
    private final AtomicLong added = new AtomicLong();
    private final TimeWindows windows;
    private final long perEvent;

    private StreamsPeer(String workload, Duration grace) {
        boolean minute = workload.equals("w1");
        Duration length = minute ? Duration.ofMinutes(1) : Duration.ofHours(1);
        Duration every = minute ? length : Duration.ofMinutes(5);
        windows = TimeWindows.ofSizeAndGrace(length, grace).advanceBy(every);
        perEvent = 2 * length.dividedBy(every);
    }

    private Topology topology(String topic, String out) {
        Serde<String> text = Serdes.String();
        // Closed windows go out once a second: what expires before that is never said.
        long retention = windows.size() + windows.gracePeriodMs() + Duration.ofDays(1).toMillis();
        StreamsBuilder builder = new StreamsBuilder();
        builder.stream(
                        topic,
                        Consumed.with(Serdes.ByteArray(), Measure.events())
                                .withTimestampExtractor((r, p) -> ((Event) r.value()).time))
                .flatMap(
                        (key, event) -> {
                            Measure measure = Measure.of(event);
                            return List.of(
                                    KeyValue.pair("rep:" + event.rep, measure),
                                    KeyValue.pair("team:" + event.team, measure));
                        })
                .groupByKey(Grouped.with("by-entity", text, Measure.serde()))
                .windowedBy(windows)
                .emitStrategy(EmitStrategy.onWindowClose())
                .aggregate(
                        Sum::new,
                        (entity, m, sum) -> {
                            sum.add(m.handle(), m.value(), m.csat());
                            added.lazySet(added.getPlain() + 1); // one thread writes
                            return sum;
                        },
                        Materialized.<String, Sum, WindowStore<Bytes, byte[]>>as(
                                        new BuiltInDslStoreSuppliers.InMemoryDslStoreSuppliers())
                                .withKeySerde(text)
                                .withValueSerde(Measure.sums())
                                .withRetention(Duration.ofMillis(retention)))
                .toStream()
                .map((w, sum) -> KeyValue.pair(w.key(), sum.toJson(w.key(), w.window().end())))
                .to(out, Produced.with(text, Serdes.ByteArray()));
        return builder.build();
    }

    private static Properties settings(String address, String application) {
        Properties p = new Properties();
        p.put(StreamsConfig.APPLICATION_ID_CONFIG, application);
        p.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, address);
        p.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        p.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 100);
        p.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
        p.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
        p.put(StreamsConfig.STATE_DIR_CONFIG, System.getProperty("java.io.tmpdir") + "/" + application);
        p.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        p.put(StreamsConfig.producerPrefix(ProducerConfig.COMPRESSION_TYPE_CONFIG), "lz4");
        p.put(StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), 131072);
        return p;
    }

    private double dropped(KafkaStreams streams) {
        return streams.metrics().values().stream()
                .filter(m -> m.metricName().name().equals("dropped-records-total"))
                .mapToDouble(m -> (Double) m.metricValue())
                .sum();
    }

    private void awaitAll(KafkaStreams streams, long wanted) throws InterruptedException {
        long before = -1;
        for (long quiet = 0; added.get() < wanted; Thread.sleep(10)) {
            quiet = added.get() == before ? quiet + 1 : 0;
            before = added.get();
            if (quiet > 6000) {
                throw new IllegalStateException(
                        "counted " + before + " of " + wanted + ", dropped " + dropped(streams));
            }
        }
    }

    public static void main(String[] arg) throws Exception {
        StreamsPeer peer = new StreamsPeer(arg[3], Duration.ofSeconds(Long.parseLong(arg[4])));
        long wanted = Long.parseLong(arg[5]) * peer.perEvent;
        KafkaStreams streams =
                new KafkaStreams(peer.topology(arg[1], arg[2]), settings(arg[0], arg[2] + "-app"));
        CountDownLatch ended = new CountDownLatch(1);
        streams.setStateListener(
                (now, old) -> {
                    if (now == KafkaStreams.State.ERROR) {
                        ended.countDown();
                    }
                });
        streams.start();
        if (wanted == 0) {
            Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
            ended.await();
            System.exit(1);
        }
        Clock clock = new Clock(peer.added::get, wanted);
        peer.awaitAll(streams, wanted);
        clock.stop(Path.of(arg[6]));
        if (peer.dropped(streams) > 0) {
            throw new IllegalStateException("it dropped " + peer.dropped(streams) + " records");
        }
        streams.close(); // commits
    }
}
