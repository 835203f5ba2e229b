/** man/clusterize-events.schema.json names the events and the fields that there are. */

#include "harness/TempDir.hxx"
#include "report/JsonSink.hxx"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>

using namespace report;
using nlohmann::json;
using Names = std::set<std::string>;

namespace {

json Schema() {
    return json::parse(
        harness::ReadFile(std::string(SOURCE_ROOT) + "/man/clusterize-events.schema.json"));
}

/** Each event with all that it can have, and with as little as it can have. */
std::vector<Event> Samples() {
    const WorkerEvent worker = {{3, 2, 1, 4242}};
    const std::vector<ListenerInfo> listeners = {{"web", "::", 8000U, "tcp"},
                                                 {"x", "/run/x", std::nullopt, "unix"}};
    return {
        Setup{4, true, {"random", "classic BPF", "a reason"}, listeners},
        Setup{1, false, {"random", "no listener", ""}, {}},
        Balance{"web", "[::]:80", {"rr", "kernel, plain", "a reason"}},
        Balance{"web", "[::]:80", {"rr", "kernel, queue-aware", ""}},
        Steering{"web", {{0, 1U, ""}, {2, {}, ""}}, {{1, 3U, "not ready"}, {3, {}, "parked"}}},
        Steering{"web", {{0, 1U, ""}}, {}},
        Fork{worker},
        Online{worker},
        Listening{worker, "::", 8000, 6, true},
        Listening{worker, "/run/x", -1, -1, false},
        Ready{worker, "alive"},
        Up{4, listeners},
        Exit{worker, std::nullopt, "SIGKILL", false, "it was late", true},
        Exit{worker, 0, std::nullopt, true},
        Exit{worker,
             0,
             std::nullopt,
             true,
             std::nullopt,
             false,
             {{"web", 7, 2U, 511U}, {"x", std::nullopt, 0U, 1U}, {"u", 7, {}, {}}}},
        Restart{2, 1, "exit status 1", 3U, 5},
        Restart{2, 10, "could not be started", std::nullopt, 5},
        Failed{2, "exit status 1", 5, 30},
        Error{"exec", ENOENT, "cannot start", 5U, 1U},
        Error{"boot", 0, "ended", std::nullopt, std::nullopt},
        Output{worker, "stdout", "a line"},
        Stop{"signal", "SIGTERM"},
        Stop{"boot failure", std::nullopt},
        Dropped{7},
    };
}

Names Keys(const json &object) {
    Names keys;
    for (const auto &item : object.items())
        keys.insert(item.key());
    return keys;
}

/** Of an object of the schema and all below it. */
void CheckStrict(const json &part, const std::string &where) {
    INFO(where);
    if (part.is_object() && part.contains("properties") && part.value("type", "") == "object") {
        CHECK(part.value("additionalProperties", json(true)) == json(false));
        REQUIRE(part.contains("required"));
        for (const json &name : part["required"])
            CHECK(part["properties"].contains(name.get<std::string>()));
    }
    if (part.is_structured())
        for (const auto &item : part.items())
            CheckStrict(item.value(), where + "/" + item.key());
}

} // namespace

TEST_CASE("the schema has a definition for each event of the table, in its order") {
    const json schema = Schema();
    std::vector<std::string> named, expected;
    for (const json &choice : schema["oneOf"])
        named.push_back(choice["$ref"]);
    for (const EventRow &row : EVENTS)
        expected.push_back("#/$defs/" + std::string(row.name));
    CHECK(named == expected);
    for (const EventRow &row : EVENTS) {
        const std::string name(row.name);
        INFO(name);
        REQUIRE(schema["$defs"].contains(name));
        CHECK(schema["$defs"][name]["properties"]["event"]["const"] == name);
    }
}

TEST_CASE("the schema has each field that is rendered, and requires what is always there") {
    const json schema = Schema();
    std::map<std::string, Names> ever, always;
    std::set<std::size_t> alternatives;
    for (const Event &event : Samples()) {
        alternatives.insert(event.index());
        const json line = json::parse(ToJson(event, WallTime{}));
        const Names keys = Keys(line);
        const std::string name = line["event"];
        ever[name].insert(keys.begin(), keys.end());
        if (const auto [known, is_new] = always.emplace(name, keys); !is_new) {
            Names both;
            std::set_intersection(known->second.begin(), known->second.end(), keys.begin(),
                                  keys.end(), std::inserter(both, both.end()));
            known->second = both;
        }
    }
    REQUIRE(alternatives.size() == std::variant_size_v<Event>); // a new one needs its sample
    for (const auto &item : ever) {
        INFO(item.first);
        const json &definition = schema["$defs"][item.first];
        CHECK(Keys(definition["properties"]) == item.second);
        Names required;
        for (const json &name : definition["required"])
            required.insert(name.get<std::string>());
        CHECK(required == always[item.first]);
    }
}

TEST_CASE("no object of the schema allows a field that it does not name") {
    CheckStrict(Schema(), "");
}

TEST_CASE("every reference of the schema leads somewhere, and every definition is used") {
    const json schema = Schema();
    const std::string text = schema.dump();
    const std::string mark = R"("$ref":"#/$defs/)";
    Names used;
    for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1)) {
        const auto from = at + mark.size();
        used.insert(text.substr(from, text.find('"', from) - from));
    }
    CHECK(used == Keys(schema["$defs"]));
}
