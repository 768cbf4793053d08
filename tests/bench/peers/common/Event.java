import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;

/** What the figures need of one record of the helpdesk. */
public final class Event {
    private static final JsonFactory JSON = new JsonFactory();

    public String rep;
    public String team;
    public long time;
    public long handle;
    public boolean value;
    /** 0: nobody answered. */
    public int csat;

    public static Event parse(byte[] bytes) throws IOException {
        Event event = new Event();
        try (JsonParser json = JSON.createParser(bytes)) {
            json.nextToken();
            for (String name = json.nextFieldName(); name != null; name = json.nextFieldName()) {
                event.take(name, json.nextToken(), json);
            }
        }
        return event;
    }

    private void take(String name, JsonToken token, JsonParser json) throws IOException {
        switch (name) {
            case "rep" -> rep = json.getText();
            case "team" -> team = json.getText();
            case "ts" -> time = json.getLongValue();
            case "handle_ms" -> handle = json.getLongValue();
            case "value_added" -> value = token == JsonToken.VALUE_TRUE;
            case "csat" -> csat = token == JsonToken.VALUE_NUMBER_INT ? json.getIntValue() : 0;
            default -> json.skipChildren();
        }
    }
}
