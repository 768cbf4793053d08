/* Payloads as products send them, made up here, through mappings as users write them. */
#include "check.h"
#include "mapping_text.h"

#pragma GCC diagnostic ignored "-Wmissing-field-initializers" /* few rows have a key or headers */

struct row {
    const char *sentence;
    const char *record; /* NULL = tombstone */
    const char *want;
    const char *key;
    struct cpi_header header[2];
};
struct product {
    const char *name, *mapping;
    struct row row[12];
};

static const struct product products[] = {
    { "Zendesk",
      "{ common = { id = [\"/id\", \"{/detail/id}:{/event/comment/id}\"]; time = [\"/time\", "
      "\"/detail/updated_at\", \"timestamp | ms\"];"
      "    case = \"/detail/id\"; rep = \"/detail/assignee_id | none 0\"; team = "
      "\"/detail/group_id | none 0\"; customer = \"/detail/requester_id\";"
      "    fields = { channel = \"/detail/via/channel | lower\"; status = \"/detail/status | "
      "lower\"; priority = \"/detail/priority | lower\";"
      "               product = \"/detail/custom_fields[id=36001234]/value\"; }; };"
      "  rules = ("
      "    { when = [\"/type = zen:event-type:ticket.status_changed\"]; type = "
      "\"{/event/previous}>{/event/current} | map step\";"
      "      fields = { from = \"/event/previous | lower\"; status = \"/event/current | lower\"; "
      "}; },"
      "    { when = [\"/type = zen:event-type:ticket.comment_added\"]; type = "
      "\"{?/event/comment/author/is_staff} | map staff\";"
      "      fields = { public = \"/event/comment/is_public\"; }; },"
      "    { type = \"/type | map plain\"; } );"
      "  maps = { plain = ( [\"*:ticket.created\", \"case.opened\"], [\"*:ticket.merged\", "
      "\"case.merged\"] );"
      "    step  = ( [\"*>solved\", \"case.resolved\"], [\"solved>closed\", \"case.closed\"], "
      "[\"solved>*\", \"case.reopened\"],"
      "              [\"*>pending\", \"case.held\"], [\"pending>*\", \"case.resumed\"] );"
      "    staff = ( [\"true\", \"message.out\"], [\"*\", \"message.in\"] ); }; }",
      { { "a status change is a transition",
          "{\"id\":\"01J1\",\"type\":\"zen:event-type:ticket.status_changed\",\"time\":\"2026-03-"
          "02T09:15:00.123456Z\","
          "\"event\":{\"previous\":\"OPEN\",\"current\":\"SOLVED\"},\"detail\":{\"id\":\"4711\","
          "\"assignee_id\":\"360001\",\"group_id\":\"7\","
          "\"requester_id\":\"88123\",\"status\":\"SOLVED\",\"priority\":\"HIGH\",\"via\":{"
          "\"channel\":\"Web_Service\"},"
          "\"custom_fields\":[{\"id\":36001233,\"value\":\"x\"},{\"id\":36001234,\"value\":"
          "\"router\"}]}}",
          "case.resolved 2026-03-02T09:15:00.123Z id=01J1 case=4711 customer=88123 rep=360001 "
          "team=7 channel=web_service status=solved from=open product=router priority=high" },
        { "numbers instead of texts, nobody assigned, no event time: the ticket's own",
          "{\"id\":17,\"type\":\"zen:event-type:ticket.status_changed\",\"event\":{\"previous\":"
          "\"SOLVED\",\"current\":\"OPEN\"},"
          "\"detail\":{\"id\":4711,\"assignee_id\":0,\"group_id\":null,\"requester_id\":88123,"
          "\"updated_at\":\"2026-03-02T10:00:00Z\"}}",
          "case.reopened 2026-03-02T10:00:00.000Z id=17 case=4711 customer=88123 rep:null "
          "team:null status=open from=solved" },
        { "a comment without an event id has one of its own, and the author says which way it went",
          "{\"type\":\"zen:event-type:ticket.comment_added\",\"time\":\"2026-03-02T10:00:00Z\","
          "\"event\":{\"comment\":{\"id\":9,\"is_public\":true,"
          "\"author\":{\"is_staff\":true}}},\"detail\":{\"id\":\"4711\"}}",
          "message.out 2026-03-02T10:00:00.000Z id=4711:9 case=4711 public=true" },
        { "a customer's comment",
          "{\"type\":\"zen:event-type:ticket.comment_added\",\"time\":\"2026-03-02T10:00:00Z\","
          "\"event\":{\"comment\":{\"id\":9,\"is_public\":false}},\"detail\":{\"id\":\"4711\"}}",
          "message.in 2026-03-02T10:00:00.000Z id=4711:9 case=4711 public=false" },
        { "an unknown type is counted by its name and still has a time",
          "{\"id\":\"01J2\",\"type\":\"zen:event-type:ticket.tags_changed\",\"time\":\"2026-03-"
          "02T10:00:00Z\",\"detail\":{\"id\":\"4711\"}}",
          "unmapped 'zen:event-type:ticket.tags_changed' 2026-03-02T10:00:00.000Z" },
        { "no time anywhere but the record's",
          "{\"id\":\"01J3\",\"type\":\"zen:event-type:ticket.created\",\"detail\":{\"id\":\"4712\"}"
          "}",
          "case.opened 2023-11-14T22:13:20.123Z id=01J3 case=4712" } } },

    { "Debezium",
      "{ root = [\"/payload\", \"\"];"
      "  common = { time = [\"/after/resolved_at | us\", \"/source/ts_ms | ms\"]; case = "
      "[\"/after/id\", \"/before/id\", \"key:/id\"];"
      "    id = \"{/source/name}:{/source/lsn}:{?/after/id}\"; rep = \"/after/assignee\"; team = "
      "\"/after/team\"; };"
      "  rules = ( { when = [\"/op = u\", \"/before/status exists\", \"/before/status != "
      "/after/status\"];"
      "      type = \"{/before/status}>{/after/status} | map step\"; fields = { from = "
      "\"/before/status\"; status = \"/after/status\"; amount = \"/after/amount\"; }; },"
      "    { when = [\"/op = c\"]; type = \"=case.opened\"; }, { when = [\"/op = d\"]; type = "
      "\"=case.deleted\"; } );"
      "  maps = { step = ( [\"*>solved\", \"case.resolved\"], [\"solved>*\", \"case.reopened\"] ); "
      "}; }",
      { { "an update inside Connect's envelope, microseconds, a decimal as text",
          "{\"schema\":{\"type\":\"struct\",\"fields\":[]},\"payload\":{\"op\":\"u\",\"before\":{"
          "\"id\":7,\"status\":\"open\"},"
          "\"after\":{\"id\":7,\"status\":\"solved\",\"assignee\":\"anna\",\"team\":\"phone\","
          "\"amount\":\"1234.50\",\"resolved_at\":1772443200123456},"
          "\"source\":{\"name\":\"db1\",\"lsn\":9007199254740993,\"ts_ms\":1772443201000}}}",
          "case.resolved 2026-03-02T09:20:00.123Z id=db1:9007199254740993:7 case=7 rep=anna "
          "team=phone status=solved from=open amount=1234.50" },
        { "the same without the envelope, from the connector's time",
          "{\"op\":\"u\",\"before\":{\"id\":7,\"status\":\"solved\"},\"after\":{\"id\":7,"
          "\"status\":\"open\",\"resolved_at\":null},"
          "\"source\":{\"name\":\"db1\",\"lsn\":2,\"ts_ms\":1772443201000}}",
          "case.reopened 2026-03-02T09:20:01.000Z id=db1:2:7 case=7 status=open from=solved" },
        { "an update that changes no status, and one whose before holds the key only, are no "
          "events",
          "{\"op\":\"u\",\"before\":{\"id\":7,\"status\":\"open\"},\"after\":{\"id\":7,\"status\":"
          "\"open\"},\"source\":{\"name\":\"db1\",\"lsn\":3,\"ts_ms\":1772443201000}}",
          "unmapped '(no rule)' 2026-03-02T09:20:01.000Z" },
        { "before with the key only",
          "{\"op\":\"u\",\"before\":{\"id\":7},\"after\":{\"id\":7,\"status\":\"open\"},\"source\":"
          "{\"name\":\"db1\",\"lsn\":3,\"ts_ms\":1772443201000}}",
          "unmapped '(no rule)' 2026-03-02T09:20:01.000Z" },
        { "a snapshot row is state only",
          "{\"op\":\"r\",\"before\":null,\"after\":{\"id\":7,\"status\":\"open\"},\"source\":{"
          "\"name\":\"db1\",\"lsn\":1,\"ts_ms\":1772443201000}}",
          "unmapped '(no rule)' 2026-03-02T09:20:01.000Z" },
        { "a deletion takes the case from the key where before has none",
          "{\"op\":\"d\",\"before\":null,\"after\":null,\"source\":{\"name\":\"db1\",\"lsn\":4,"
          "\"ts_ms\":1772443201000}}",
          "case.deleted 2026-03-02T09:20:01.000Z id=db1:4: case=7", "{\"id\":7}" },
        { "the tombstone behind it is no event", NULL, "" } } },

    { "HubSpot",
      "{ each = \"[*]\"; common = { time = [\"/occurredAt | ms\", \"timestamp | ms\"]; case = "
      "\"/objectId\";"
      "    id = [\"/eventId\", \"{/objectId}@{partition}/{offset}#{index}\"]; };"
      "  rules = ( { when = [\"/subscriptionType = ticket.propertyChange\", \"/propertyName = "
      "hubspot_owner_id\"]; type = \"=case.assigned\"; rep = \"/propertyValue\"; },"
      "    { type = \"{/subscriptionType}:{?/propertyName}:{?/propertyValue} | map kinds\"; fields "
      "= { to = \"/propertyValue\"; }; } );"
      "  maps = { kinds = ( [\"ticket.creation:*\", \"case.opened\"], "
      "[\"ticket.propertychange:hs_pipeline_stage:4\", \"case.closed\"],"
      "    [\"deal.propertychange:dealstage:closedwon\", \"opportunity.won\"], "
      "[\"deal.propertychange:dealstage:*\", \"opportunity.stage_changed\"] ); }; }",
      { { "the body is an array: an event an element, each with its place",
          "[{\"eventId\":100,\"subscriptionType\":\"ticket.creation\",\"objectId\":1,"
          "\"occurredAt\":1772443201000},"
          "{\"eventId\":3816279340,\"subscriptionType\":\"ticket.propertyChange\",\"propertyName\":"
          "\"hubspot_owner_id\",\"propertyValue\":\"55\",\"objectId\":1,\"occurredAt\":"
          "1772443202000},"
          "{\"subscriptionType\":\"deal.propertyChange\",\"propertyName\":\"dealstage\","
          "\"propertyValue\":\"closedwon\",\"objectId\":2},"
          "{\"eventId\":4,\"subscriptionType\":\"contact.creation\",\"objectId\":3,\"occurredAt\":"
          "1772443204000}]",
          "case.opened 2026-03-02T09:20:01.000Z id=100 case=1\n"
          "case.assigned 2026-03-02T09:20:02.000Z #1 id=3816279340 case=1 rep=55\n"
          "opportunity.won 2023-11-14T22:13:20.123Z #2 id=2@3/42#2 case=2 to=closedwon\n"
          "unmapped 'contact.creation::' 2026-03-02T09:20:04.000Z" },
        { "an object instead of an array counts as one element",
          "{\"eventId\":100,\"subscriptionType\":\"ticket.creation\",\"objectId\":1,\"occurredAt\":"
          "1772443201000}",
          "case.opened 2026-03-02T09:20:01.000Z id=100 case=1" },
        { "an empty array is no event", "[]", "" } } },

    { "Salesforce change data capture",
      "{ each = \"/payload/ChangeEventHeader/recordIds\";"
      "  common = { id = "
      "\"{$/payload/ChangeEventHeader/transactionKey}:{^/payload/ChangeEventHeader/"
      "sequenceNumber}:{}\"; case = \"\";"
      "    time = \"^/payload/ChangeEventHeader/commitTimestamp | ms\"; seq = "
      "\"^/payload/ChangeEventHeader/sequenceNumber\"; rep = \"^/payload/OwnerId\";"
      "    fields = { status = \"^/payload/Status\"; }; };"
      "  rules = ( { when = [\"^/payload/ChangeEventHeader/entityName = Case\"];"
      "      type = \"{^/payload/ChangeEventHeader/changeType}:{?^/payload/Status} | map kinds\"; "
      "} );"
      "  maps = { kinds = ( [\"create:*\", \"case.opened\"], [\"update:closed\", \"case.closed\"], "
      "[\"update:*\", \"-\"], [\"delete:*\", \"case.deleted\"] ); }; }",
      { { "one record for several cases",
          "{\"schema\":\"x\",\"payload\":{\"ChangeEventHeader\":{\"entityName\":\"Case\","
          "\"recordIds\":[\"500A\",\"500B\"],\"changeType\":\"UPDATE\",\"transactionKey\":\"tk\","
          "\"sequenceNumber\":2,\"commitTimestamp\":1772443201000},\"Status\":\"Closed\","
          "\"OwnerId\":\"005X\"},\"event\":{\"replayId\":11}}",
          "case.closed 2026-03-02T09:20:01.000Z id=tk:2:500A seq=2 case=500A rep=005X "
          "status=Closed\n"
          "case.closed 2026-03-02T09:20:01.000Z #1 id=tk:2:500B seq=2 case=500B rep=005X "
          "status=Closed" },
        { "a change that the map drops is deliberately nothing",
          "{\"payload\":{\"ChangeEventHeader\":{\"entityName\":\"Case\",\"recordIds\":[\"500A\"],"
          "\"changeType\":\"UPDATE\",\"transactionKey\":\"tk\","
          "\"sequenceNumber\":1,\"commitTimestamp\":1772443201000},\"Subject\":\"x\"}}",
          "nothing 2026-03-02T09:20:01.000Z" } } },

    { "Intercom",
      "{ root = [\"/data/item\"]; common = { id = \"$/id\"; time = [\"/updated_at | s\", "
      "\"$/created_at | s\"]; case = \"/id\"; rep = \"/admin_assignee_id | none 0\";"
      "    team = \"/team_assignee_id | none 0\"; customer = \"/contacts/contacts[0]/id\"; fields "
      "= { score = \"/conversation_rating/rating\"; tags = \"/tags/tags[*]/name | join '; '\"; }; "
      "};"
      "  rules = ( { type = \"$/topic | map topics\"; } );"
      "  maps = { topics = ( [\"conversation.user.created\", \"case.opened\"], "
      "[\"conversation.admin.closed\", \"case.closed\"], [\"conversation.rating.added\", "
      "\"survey.answered\"],"
      "                      [\"ping\", \"-\"] ); }; }",
      { { "an item inside the notification, seconds, lists inside objects",
          "{\"type\":\"notification_event\",\"topic\":\"conversation.rating.added\",\"id\":\"notif_"
          "1\",\"created_at\":1772443205,\"data\":{\"type\":\"notification_event_data\","
          "\"item\":{\"type\":\"conversation\",\"id\":\"123\",\"updated_at\":1772443201,\"admin_"
          "assignee_id\":814860,\"team_assignee_id\":0,"
          "\"contacts\":{\"type\":\"contact.list\",\"contacts\":[{\"id\":\"c1\"},{\"id\":\"c2\"}]},"
          "\"conversation_rating\":{\"rating\":5,\"remark\":null},"
          "\"tags\":{\"tags\":[{\"name\":\"vip\"},{\"name\":\"de\"}]}}}}",
          "survey.answered 2026-03-02T09:20:01.000Z id=notif_1 case=123 customer=c1 rep=814860 "
          "team:null score=5 tags=vip; de" },
        { "a ping",
          "{\"topic\":\"ping\",\"id\":\"n\",\"created_at\":1772443205,\"data\":{\"item\":{\"type\":"
          "\"ping\"}}}",
          "nothing 2026-03-02T09:20:05.000Z" } } },

    { "Genesys",
      "{ root = [\"/eventBody\"]; common = { id = "
      "\"{/id}:{/participants[purpose=agent;last]/sessionId}\"; case = \"/id\"; time = "
      "\"/participants[purpose=agent;last]/endTime\";"
      "    rep = \"/participants[purpose=agent;last]/userId\"; customer = "
      "\"/participants[purpose=customer]/address | after tel: \";"
      "    fields = { talk = \"/participants[purpose=agent;last]/tTalk | ms\"; hold = "
      "\"/participants[purpose=agent;last]/endTime | since "
      "/participants[purpose=agent;last]/holdFrom\";"
      "      channel = \"/participants[0]/mediaType\"; }; };"
      "  rules = ( { when = [\"/participants[purpose=agent;last]/endTime exists\", \"not "
      "/participants[*]/mediaType has fax\"]; type = \"=contact.ended\"; } ); }",
      { { "the last agent of several speaks for the call",
          "{\"topicName\":\"v2.detail\",\"eventBody\":{\"id\":\"conv-1\",\"participants\":["
          "{\"purpose\":\"customer\",\"address\":\"tel:+4989123456\",\"mediaType\":\"voice\"},"
          "{\"purpose\":\"agent\",\"userId\":\"u1\",\"sessionId\":\"s1\",\"endTime\":\"2026-03-"
          "02T09:10:00.000Z\"},{\"purpose\":\"acd\"},"
          "{\"purpose\":\"agent\",\"userId\":\"u2\",\"sessionId\":\"s2\",\"endTime\":\"2026-03-"
          "02T09:20:00.250Z\",\"holdFrom\":\"2026-03-02T09:19:00Z\",\"tTalk\":180500}]}}",
          "contact.ended 2026-03-02T09:20:00.250Z id=conv-1:s2 case=conv-1 customer=+4989123456 "
          "rep=u2 channel=voice talk=180500 hold=60250" },
        { "no agent yet",
          "{\"eventBody\":{\"id\":\"conv-1\",\"participants\":[{\"purpose\":\"customer\"}]}}",
          "unmapped '(no rule)' -" } } },

    { "Amazon Connect",
      "{ root = [\"/detail\", \"\"]; common = { id = \"/ContactId\"; case = "
      "[\"/InitialContactId\", \"/ContactId\"]; time = [\"/DisconnectTimestamp\", "
      "\"/disconnectTimestamp\"];"
      "    rep = [\"/Agent/ARN | last /\", \"/agentInfo/agentArn | last /\", \"/AgentInfo/AgentArn "
      "| last /\"]; customer = \"/CustomerEndpoint/Address\";"
      "    fields = { talk = \"/Agent/AgentInteractionDuration | s\"; hold = "
      "\"/Agent/CustomerHoldDuration | s\"; channel = \"/Channel | lower\"; }; };"
      "  rules = ( { type = \"=contact.ended\"; } ); }",
      { { "the agent is the tail of an ARN, durations are seconds",
          "{\"ContactId\":\"c-1\",\"InitialContactId\":null,\"DisconnectTimestamp\":\"2026-03-"
          "02T09:20:00Z\",\"Channel\":\"VOICE\","
          "\"Agent\":{\"ARN\":\"arn:aws:connect:eu-central-1:1:instance/i/agent/"
          "a-77\",\"AgentInteractionDuration\":125,\"CustomerHoldDuration\":0},"
          "\"CustomerEndpoint\":{\"Address\":\"+4915112\",\"Type\":\"TELEPHONE_NUMBER\"}}",
          "contact.ended 2026-03-02T09:20:00.000Z id=c-1 case=c-1 customer=+4915112 rep=a-77 "
          "channel=voice talk=125000 hold=0" },
        { "with EventBridge's envelope and the other spelling",
          "{\"version\":\"0\",\"detail-type\":\"x\",\"detail\":{\"ContactId\":\"c-2\","
          "\"InitialContactId\":\"c-1\",\"disconnectTimestamp\":\"2026-03-02T09:20:00.5Z\","
          "\"agentInfo\":{\"agentArn\":\"arn:x/agent/a-78\"}}}",
          "contact.ended 2026-03-02T09:20:00.500Z id=c-2 case=c-1 rep=a-78" } } },

    { "Gong",
      "{ root = [\"/callData\"]; common = { id = \"/metaData/id\"; case = \"/metaData/id\"; time = "
      "\"/metaData/started | plus /metaData/duration s\"; rep = "
      "\"/parties[affiliation=Internal]/userId\";"
      "    customer = \"/context[0]/objects[objectType=Account]/objectId\"; fields = { talk = "
      "\"/metaData/duration | s\"; amount = "
      "\"/context[0]/objects[objectType=Opportunity]/fields[name=Amount]/value\"; }; };"
      "  rules = ( { when = [\"/metaData/direction in Inbound,Outbound\"]; type = \"=call.ended\"; "
      "} ); }",
      { { "the end is start plus duration; amounts stand in a list of a list",
          "{\"callData\":{\"metaData\":{\"id\":\"7782342274025937895\",\"started\":\"2026-03-02T10:"
          "15:00+01:00\",\"duration\":300.5,\"direction\":\"Outbound\"},"
          "\"parties\":[{\"affiliation\":\"External\"},{\"affiliation\":\"Internal\",\"userId\":"
          "\"234599484848423\"}],"
          "\"context\":[{\"system\":\"Salesforce\",\"objects\":[{\"objectType\":\"Account\","
          "\"objectId\":\"0013601\",\"fields\":[]},"
          "{\"objectType\":\"Opportunity\",\"fields\":[{\"name\":\"Stage\",\"value\":\"x\"},{"
          "\"name\":\"Amount\",\"value\":12000.00}]}]}]}}",
          "call.ended 2026-03-02T09:20:00.500Z id=7782342274025937895 case=7782342274025937895 "
          "customer=0013601 rep=234599484848423 amount=12000.00 talk=300500" } } },

    { "CloudEvents",
      "{ common = { id = \"{header:ce_source}:{header:ce_id}\"; time = [\"header:ce_time\", "
      "\"timestamp\"]; case = \"key:\"; };"
      "  rules = ( { type = \"header:ce_type | map m\"; } ); maps = { m = ( "
      "[\"com.acme.ticket.*\", \"case.opened\"] ); }; }",
      { { "type and id stand in headers, the case is the key",
          "{}",
          "unmapped '' 2023-11-14T22:13:20.123Z",
          "4711",
          { { { "ce_id", 5 }, { "A-1", 3 } }, { { "ce_source", 9 }, { "/crm", 4 } } } },
        { "all headers",
          "{}",
          "case.opened 2023-11-14T22:13:20.123Z case=4711",
          "4711",
          { { { "ce_id", 5 }, { "A-1", 3 } },
            { { "ce_type", 7 }, { "com.acme.Ticket.New", 19 } } } } } },

    { "Jira",
      "{ common = { time = [\"/timestamp | ms\", \"/issue/fields/updated\"]; case = "
      "\"/issue/key\"; rep = \"/issue/fields/assignee/accountId\"; customer = "
      "\"/issue/fields/reporter/accountId\";"
      "    id = \"{/issue/id}:{?/changelog/id}\"; };"
      "  rules = ( { when = [\"/webhookEvent = jira:issue_created\"]; type = \"=case.opened\"; "
      "time = \"/issue/fields/created\"; },"
      "    { when = [\"/changelog/items[field=status] exists\"]; type = "
      "\"{/changelog/items[field=status]/fromString}>{/changelog/items[field=status]/toString} | "
      "map step\";"
      "      also = true; },"
      "    { when = [\"/webhookEvent = jira:issue_updated\"]; each = \"/changelog/items\"; time = "
      "\"$/timestamp | ms\"; case = \"^/issue/key\"; id = \"{$/changelog/id}:{/field}\"; rep = "
      "\"/to\"; customer = \"^/none\";"
      "      emit = ( { when = [\"/field = assignee\"]; type = \"=case.assigned\"; }, { when = "
      "[\"/field = resolution\", \"/to exists\"]; type = \"=case.closed\"; rep = "
      "\"$/user/accountId\"; } ); } );"
      "  maps = { step = ( [\"*>done\", \"case.resolved\"], [\"done>*\", \"case.reopened\"] ); }; "
      "}",
      { { "an offset without a colon",
          "{\"webhookEvent\":\"jira:issue_created\",\"issue\":{\"id\":\"1\",\"key\":\"SUP-1\","
          "\"fields\":{\"created\":\"2026-03-02T10:20:00.100+0100\",\"assignee\":null,\"reporter\":"
          "{\"accountId\":\"r1\"}}}}",
          "case.opened 2026-03-02T09:20:00.100Z id=1: case=SUP-1 customer=r1" },
        { "one update, several events: by the status, and by the items of the change log",
          "{\"timestamp\":1772443201000,\"webhookEvent\":\"jira:issue_updated\",\"user\":{"
          "\"accountId\":\"u9\"},\"issue\":{\"id\":\"1\",\"key\":\"SUP-1\",\"fields\":{"
          "\"assignee\":{\"accountId\":\"a2\"}}},"
          "\"changelog\":{\"id\":\"77\",\"items\":[{\"field\":\"assignee\",\"from\":\"a1\",\"to\":"
          "\"a2\"},{\"field\":\"status\",\"fromString\":\"In Work\",\"toString\":\"Done\"},"
          "{\"field\":\"resolution\",\"to\":\"10\"}]}}",
          "case.resolved 2026-03-02T09:20:01.000Z id=1:77 case=SUP-1 rep=a2\n"
          "case.assigned 2026-03-02T09:20:01.000Z id=77:assignee case=SUP-1 rep=a2\n"
          "nothing 2026-03-02T09:20:01.000Z\n"
          "case.closed 2026-03-02T09:20:01.000Z #2 id=77:resolution case=SUP-1 rep=u9" } } },

    { "Dynamics",
      "{ common = { id = \"{/PrimaryEntityId}:{/OperationId}\"; case = \"/PrimaryEntityId\"; time "
      "= \"/OperationCreatedOn | after ( | before ) | before + | ms\";"
      "    rep = \"/InputParameters[key=Target]/value/Attributes[key=ownerid]/value/Id\"; };"
      "  rules = ( { when = [\"/PrimaryEntityName = incident\"];"
      "    type = "
      "\"{/MessageName}:{?/InputParameters[key=Target]/value/Attributes[key=statecode]/value/"
      "Value} | map m\"; } );"
      "  maps = { m = ( [\"Create:*\", \"case.opened\"], [\"Update:1\", \"case.resolved\"] ); }; }",
      { { "/Date(ms+zone)/ and key-value lists",
          "{\"MessageName\":\"Update\",\"PrimaryEntityName\":\"incident\",\"PrimaryEntityId\":\"i-"
          "1\",\"OperationId\":\"o-1\",\"OperationCreatedOn\":\"\\/Date(1772443201000+0000)\\/\","
          "\"InputParameters\":[{\"key\":\"Target\",\"value\":{\"Attributes\":[{\"key\":"
          "\"ownerid\",\"value\":{\"Id\":\"o9\"}},{\"key\":\"statecode\",\"value\":{\"Value\":1}}]}"
          "}]}",
          "case.resolved 2026-03-02T09:20:01.000Z id=i-1:o-1 case=i-1 rep=o9" } } },

    { "ServiceNow",
      "{ common = { id = \"{/sys_id}:{/sys_mod_count}\"; case = \"/number\"; seq = "
      "\"/sys_mod_count\"; rep = \"/assigned_to | none ''\"; customer = \"/caller_id\";"
      "    time = [\"/resolved_at | none '' | date '%m/%d/%Y %H:%M:%S' Europe/Berlin\", "
      "\"/sys_updated_on | date '%Y-%m-%d %H:%M:%S' Europe/Berlin\"]; };"
      "  rules = ( { type = \"/state | map state\"; } ); maps = { state = ( [\"6\", "
      "\"case.resolved\"], [\"1\", \"case.opened\"] ); }; }",
      { { "two date formats in one row, in the zone of the instance",
          "{\"sys_id\":\"s\",\"number\":\"INC1\",\"sys_mod_count\":\"3\",\"state\":\"6\","
          "\"assigned_to\":\"\",\"caller_id\":\"c\",\"resolved_at\":\"07/02/2026 "
          "11:20:00\",\"sys_updated_on\":\"2026-07-02 11:21:00\"}",
          "case.resolved 2026-07-02T09:20:00.000Z id=s:3 seq=3 case=INC1 customer=c rep:null" },
        { "the other one",
          "{\"sys_id\":\"s\",\"number\":\"INC1\",\"sys_mod_count\":0,\"state\":1,\"resolved_at\":"
          "\"\",\"sys_updated_on\":\"2026-01-02 11:21:00\"}",
          "case.opened 2026-01-02T10:21:00.000Z id=s:0 case=INC1" },
        { "a date in neither format is refused, not guessed",
          "{\"sys_id\":\"s\",\"number\":\"INC1\",\"sys_mod_count\":0,\"state\":1,\"resolved_at\":"
          "\"02.07.2026\",\"sys_updated_on\":\"2026-01-02 11:21:00\"}",
          "refused bad_time time: no date of that format" } } },

    { "Twilio",
      "{ common = { id = \"/id\"; time = \"/timestamp\"; case = \"/data | json | at "
      "/conversation_sid\"; rep = \"/data | json | at /participant/identity | after client: \"; };"
      "  rules = ( { type = \"/type | map m\"; } ); maps = { m = ( [\"*.task.completed\", "
      "\"contact.ended\"] ); }; }",
      { { "the data is a text that holds JSON",
          "{\"id\":\"EZ1\",\"type\":\"com.twilio.task.completed\",\"timestamp\":\"2026-03-02T09:20:"
          "00Z\",\"data\":\"{\\\"conversation_sid\\\":\\\"CH1\\\",\\\"participant\\\":{"
          "\\\"identity\\\":\\\"client:anna\\\"}}\"}",
          "contact.ended 2026-03-02T09:20:00.000Z id=EZ1 case=CH1 rep=anna" },
        { "or the object itself",
          "{\"id\":\"EZ1\",\"type\":\"com.twilio.task.completed\",\"timestamp\":\"2026-03-02T09:20:"
          "00Z\",\"data\":{\"conversation_sid\":\"CH1\"}}",
          "contact.ended 2026-03-02T09:20:00.000Z id=EZ1 case=CH1" },
        { "or a text that is no JSON: what it would have named cannot be read",
          "{\"id\":\"EZ1\",\"type\":\"com.twilio.task.completed\",\"timestamp\":\"2026-03-02T09:20:"
          "00Z\",\"data\":\"{oops\"}",
          "refused id case: a text that is no JSON" } } },

    { "a record that is a text",
      "{ json-text = true; common = { id = \"/id\"; time = \"/at | s\"; case = \"/case\"; }; rules "
      "= ( { type = \"=case.opened\"; } ); }",
      { { "is unwrapped",
          "\"{\\\"id\\\":1,\\\"at\\\":\\\"1307116657.1\\\",\\\"case\\\":\\\"c\\u00fc\\\"}\"",
          "case.opened 2011-06-03T15:57:37.100Z id=1 case=c\xC3\xBC" },
        { "and refused if it is none", "{\"id\":1}", "record refused json" } } },

    { "Chatwoot",
      "{ common = { id = \"{/id}:{?/changed_attributes[?status]/status/current_value}\"; time = "
      "[\"/updated_at | s\", \"timestamp\"]; case = \"/id\"; rep = \"/meta/assignee/id\"; };"
      "  rules = ( { when = [\"/event = conversation_updated\"]; type = "
      "\"{?/changed_attributes[?status]/status/previous_value}>{?/changed_attributes[?status]/"
      "status/current_value} | map step\"; },"
      "    { type = \"/event | map plain\"; } );"
      "  maps = { step = ( [\"*>resolved\", \"case.resolved\"], [\"resolved>*\", "
      "\"case.reopened\"], [\">\", \"-\"] ); plain = ( [\"conversation_created\", \"case.opened\"] "
      "); }; }",
      { { "before and after in a list of objects of one key",
          "{\"event\":\"conversation_updated\",\"id\":3,\"updated_at\":1772443201.25,\"meta\":{"
          "\"assignee\":{\"id\":2}},\"changed_attributes\":[{\"priority\":{\"previous_value\":null,"
          "\"current_value\":\"high\"}},"
          "{\"status\":{\"previous_value\":\"open\",\"current_value\":\"resolved\"}}]}",
          "case.resolved 2026-03-02T09:20:01.250Z id=3:resolved case=3 rep=2" },
        { "no status among them",
          "{\"event\":\"conversation_updated\",\"id\":3,\"updated_at\":1772443201,\"changed_"
          "attributes\":[{\"priority\":{\"current_value\":\"high\"}}]}",
          "nothing 2026-03-02T09:20:01.000Z" } } },

    { "order of rules and layers",
      "{ common = { id = \"/id\"; time = \"/t | s\"; case = \"/c\"; rep = \"/r\"; fields = { x = "
      "\"=common\"; y = \"=common\"; }; };"
      "  rules = ( { when = [\"/k = silent\"]; }, { when = [\"/k = twice\"]; type = "
      "\"=case.opened\"; also = true; fields = { y = \"=rule\"; }; },"
      "    { when = [\"/k in twice,emit\"]; rep = \"=robot\"; emit = ( { type = \"=case.closed\"; "
      "fields = { x = \"=emit\"; }; }, { when = [\"/b exists\"]; type = \"=case.closed\"; rep = "
      "\"=other\"; } ); },"
      "    { when = [\"/k = none\"]; emit = ( { when = [\"/b exists\"]; type = \"=case.closed\"; } "
      "); } ); }",
      { { "a rule without a type is deliberately nothing",
          "{\"id\":1,\"t\":1,\"c\":2,\"k\":\"silent\"}", "nothing 1970-01-01T00:00:01.000Z" },
        { "also goes on; layers lie over each other one by one",
          "{\"id\":1,\"t\":1,\"c\":2,\"r\":3,\"k\":\"twice\"}",
          "case.opened 1970-01-01T00:00:01.000Z id=1 case=2 rep=3 x=common y=rule\n"
          "case.closed 1970-01-01T00:00:01.000Z id=1 case=2 rep=robot x=emit y=common" },
        { "two events of one type and id are told apart by their index",
          "{\"id\":1,\"t\":1,\"c\":2,\"k\":\"emit\",\"b\":0}",
          "case.closed 1970-01-01T00:00:01.000Z id=1 case=2 rep=robot x=emit y=common\n"
          "case.closed 1970-01-01T00:00:01.000Z #1000000 id=1 case=2 rep=other x=common y=common" },
        { "no emit entry holds: no event", "{\"id\":1,\"t\":1,\"c\":2,\"k\":\"none\"}",
          "nothing 1970-01-01T00:00:01.000Z" } } },

    { "alternatives of a type",
      "{ common = { id = \"/id\"; time = \"/t | s\"; }; rules = ( { type = [\"/a | map m\", \"/b | "
      "map m\"]; } ); maps = { m = ( [\"new\", \"case.opened\"] ); }; }",
      { { "the first that a map knows counts", "{\"id\":1,\"t\":1,\"a\":\"x\",\"b\":\"new\"}",
          "case.opened 1970-01-01T00:00:01.000Z id=1" },
        { "what no map knows is counted by the text that is there, not by one that is not",
          "{\"id\":1,\"t\":1,\"a\":\"x\"}", "unmapped 'x' 1970-01-01T00:00:01.000Z" },
        { "and by the last one if there are several", "{\"id\":1,\"t\":1,\"a\":\"x\",\"b\":\"y\"}",
          "unmapped 'y' 1970-01-01T00:00:01.000Z" } } },

    { "fan-out in fan-out",
      "{ each = \"/batches\"; common = { id = \"{^/batch}-{/n}\"; time = \"$/t | s\"; case = "
      "\"^^/c\"; };"
      "  rules = ( { when = [\"/items exists\"]; each = \"/items[*]\"; type = \"=case.opened\"; "
      "fields = { x = \"index\"; }; },"
      "    { id = \"/batch\"; case = \"^/c\"; type = \"=case.closed\"; fields = { x = \"index\"; "
      "}; } ); }",
      { { "every element of every element, each with its own index",
          "{\"t\":1,\"c\":9,\"batches\":[{\"batch\":\"a\",\"items\":[{\"n\":1},{\"n\":2}]},{"
          "\"batch\":\"b\"},{\"batch\":\"c\",\"items\":[{\"n\":3}]},{\"batch\":\"d\",\"items\":[]}]"
          "}",
          "case.opened 1970-01-01T00:00:01.000Z id=a-1 case=9 x=0\n"
          "case.opened 1970-01-01T00:00:01.000Z #1 id=a-2 case=9 x=1\n"
          "case.closed 1970-01-01T00:00:01.000Z #1000 id=b case=9 x=1\n"
          "case.opened 1970-01-01T00:00:01.000Z #2000 id=c-3 case=9 x=0\n"
          "nothing 1970-01-01T00:00:01.000Z" } } },
};

static struct cpi_record record_of(const struct row *row)
{
    struct cpi_record record = { .topic = CPI_TEXT("t"),
                                 .partition = 3,
                                 .offset = 42,
                                 .timestamp = 1700000000123,
                                 .header = row->header };
    record.value = cpi_text_of(row->record);
    record.key = cpi_text_of(row->key);
    while (record.n_headers < 2 && cpi_text_is(row->header[record.n_headers].name))
        record.n_headers++;
    return record;
}

int main(void)
{
    struct cpi_mapper *mapper = cpi_mapper_new();
    for (size_t p = 0; p < sizeof products / sizeof *products; p++) {
        struct cpi_mapping *mapping = mapping_of(products[p].mapping);
        for (const struct row *row = products[p].row; row->sentence; row++) {
            char sentence[200];
            snprintf(sentence, sizeof sentence, "%s: %s", products[p].name, row->sentence);
            TEST (sentence)
                CHECK_STR(events_of(mapper, mapping, record_of(row)), row->want);
        }
        cpi_mapping_free(mapping);
    }
    cpi_mapper_free(mapper);
    return check_done();
}
