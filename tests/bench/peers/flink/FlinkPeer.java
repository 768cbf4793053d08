import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.AggregateFunction;
import org.apache.flink.api.common.serialization.AbstractDeserializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.core.execution.CheckpointingMode;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.windowing.ProcessWindowFunction;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * Flink in one process, one slot: FlinkPeer ADDRESS TOPIC OUT w1|w2 EVENTS FILE. W1 is written in
 * the DataStream API, W2 in SQL. Reads what is in the topic, ends, and writes what the second half
 * took to FILE.
 */
public final class FlinkPeer {
    private static final Duration DISORDER = Duration.ofSeconds(30);
    private static final String TRANSACTION_MS = "600000"; // the broker's limit is 900000

    /** What one event says about one entity. */
    public static final class Measure {
        public String entity;
        public long handle;
        public boolean value;
        public int csat;

        public Measure() {}

        void set(String itsEntity, Event event) {
            entity = itsEntity;
            handle = event.handle;
            value = event.value;
            csat = event.csat;
        }
    }

    /** A record on its way out. */
    public static final class Out {
        public String entity;
        public byte[] json;

        public Out() {}
    }

    private static final class Events extends AbstractDeserializationSchema<Event> {
        Events() {
            super(TypeInformation.of(Event.class));
        }

        @Override
        public Event deserialize(byte[] bytes) throws IOException {
            return Event.parse(bytes);
        }
    }

    private static final class Adding implements AggregateFunction<Measure, Sum, Sum> {
        @Override
        public Sum createAccumulator() {
            return new Sum();
        }

        @Override
        public Sum add(Measure m, Sum sum) {
            sum.add(m.handle, m.value, m.csat);
            return sum;
        }

        @Override
        public Sum getResult(Sum sum) {
            return sum;
        }

        @Override
        public Sum merge(Sum a, Sum b) {
            a.add(b);
            return a;
        }
    }

    private static final class Row
            extends ProcessWindowFunction<Sum, Out, String, TimeWindow> {
        @Override
        public void process(
                String entity, Context window, Iterable<Sum> sums, Collector<Out> to) {
            Out row = new Out();
            row.entity = entity;
            row.json = sums.iterator().next().toJson(entity, window.window().getEnd());
            to.collect(row);
        }
    }

    private record Records(String topic) implements KafkaRecordSerializationSchema<Out> {
        @Override
        public ProducerRecord<byte[], byte[]> serialize(
                Out row, KafkaSinkContext context, Long time) {
            byte[] key = row.entity.getBytes(StandardCharsets.UTF_8);
            return new ProducerRecord<>(topic, key, row.json);
        }
    }

    private static void dataStream(
            StreamExecutionEnvironment env, String address, String topic, String out)
            throws Exception {
        KafkaSource<Event> source =
                KafkaSource.<Event>builder()
                        .setBootstrapServers(address)
                        .setTopics(topic)
                        .setGroupId(out + "-app")
                        .setStartingOffsets(OffsetsInitializer.earliest())
                        .setBounded(OffsetsInitializer.latest())
                        .setValueOnlyDeserializer(new Events())
                        .setProperty("interceptor.classes", Progress.class.getName())
                        .build();
        KafkaSink<Out> sink =
                KafkaSink.<Out>builder()
                        .setBootstrapServers(address)
                        .setDeliveryGuarantee(DeliveryGuarantee.EXACTLY_ONCE)
                        .setTransactionalIdPrefix(out)
                        .setProperty("transaction.timeout.ms", TRANSACTION_MS)
                        .setProperty("compression.type", "lz4")
                        .setProperty("batch.size", "131072")
                        .setRecordSerializer(new Records(out))
                        .build();
        // Watermarks are per partition: the source keeps one for each and takes the least.
        WatermarkStrategy<Event> watermarks =
                WatermarkStrategy.<Event>forBoundedOutOfOrderness(DISORDER)
                        .withTimestampAssigner((event, recordTime) -> event.time);
        env.fromSource(source, watermarks, "helpdesk")
                .flatMap(
                        (Event event, Collector<Measure> to) -> {
                            Measure measure = new Measure();
                            measure.set("rep:" + event.rep, event);
                            to.collect(measure);
                            measure.set("team:" + event.team, event);
                            to.collect(measure); // written to the network at once
                        })
                .returns(Measure.class)
                .keyBy(m -> m.entity)
                .window(TumblingEventTimeWindows.of(Duration.ofMinutes(1)))
                .aggregate(new Adding(), new Row())
                .sinkTo(sink);
        env.execute("w1");
    }

    private static void sql(
            StreamExecutionEnvironment env, String address, String topic, String out)
            throws Exception {
        StreamTableEnvironment tables = StreamTableEnvironment.create(env);
        tables.executeSql(
                """
                CREATE TABLE helpdesk (ts BIGINT, rep STRING, team STRING, handle_ms BIGINT,
                  value_added BOOLEAN, csat INT, happened AS TO_TIMESTAMP_LTZ(ts, 3),
                  WATERMARK FOR happened AS happened - INTERVAL '30' SECOND)
                WITH ('connector' = 'kafka', 'topic' = '%2$s', 'format' = 'json',
                  'properties.bootstrap.servers' = '%1$s', 'properties.group.id' = '%3$s-app',
                  'properties.interceptor.classes' = 'Progress',
                  'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset')
                """
                        .formatted(address, topic, out));
        tables.executeSql(
                """
                CREATE TABLE figures (entity STRING, `end` BIGINT, events BIGINT, handle_sum BIGINT,
                  handle_mean DOUBLE, good BIGINT, share DOUBLE, answered BIGINT, csat_sum BIGINT,
                  csat_mean DOUBLE)
                WITH ('connector' = 'kafka', 'topic' = '%2$s', 'key.format' = 'raw',
                  'key.fields' = 'entity', 'value.format' = 'json',
                  'properties.bootstrap.servers' = '%1$s',
                  'properties.transaction.timeout.ms' = '%3$s',
                  'properties.compression.type' = 'lz4', 'properties.batch.size' = '131072',
                  'sink.delivery-guarantee' = 'exactly-once', 'sink.transactional-id-prefix' = '%2$s')
                """
                        .formatted(address, out, TRANSACTION_MS));
        tables.executeSql(
                """
                CREATE TEMPORARY VIEW said AS
                  SELECT 'rep:' || rep AS entity, happened, handle_ms, value_added, csat FROM helpdesk
                  UNION ALL
                  SELECT 'team:' || team, happened, handle_ms, value_added, csat FROM helpdesk
                """);
        tables.executeSql(
                        """
                        INSERT INTO figures
                        SELECT entity, UNIX_TIMESTAMP(CAST(window_end AS STRING)) * 1000, n, handle,
                          CAST(handle AS DOUBLE) / n, good, CAST(good AS DOUBLE) / n, answered, stars,
                          CASE WHEN answered > 0 THEN CAST(stars AS DOUBLE) / answered END
                        FROM (
                          SELECT entity, window_end, COUNT(*) AS n, SUM(handle_ms) AS handle,
                            COUNT(*) FILTER (WHERE value_added) AS good, COUNT(csat) AS answered,
                            COALESCE(SUM(CAST(csat AS BIGINT)), 0) AS stars
                          FROM TABLE(HOP(TABLE said, DESCRIPTOR(happened), INTERVAL '5' MINUTE,
                            INTERVAL '1' HOUR))
                          GROUP BY entity, window_start, window_end)
                        """)
                .await();
    }

    public static void main(String[] arg) throws Exception {
        Configuration settings = new Configuration();
        settings.setString("taskmanager.memory.network.min", "64mb");
        settings.setString("taskmanager.memory.network.max", "64mb");
        settings.setString("taskmanager.memory.managed.size", "128mb");
        settings.setString("table.local-time-zone", "UTC");
        settings.setString("pipeline.object-reuse", "true");
        StreamExecutionEnvironment env =
                StreamExecutionEnvironment.createLocalEnvironment(1, settings);
        env.enableCheckpointing(1000, CheckpointingMode.EXACTLY_ONCE);
        Clock clock = new Clock(Progress.READ::get, Long.parseLong(arg[4]));
        if (arg[3].equals("w1")) {
            dataStream(env, arg[0], arg[1], arg[2]);
        } else {
            sql(env, arg[0], arg[1], arg[2]);
        }
        clock.stop(Path.of(arg[5]));
        System.exit(0); // threads of the local cluster linger
    }
}
