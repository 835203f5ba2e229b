#include "report/JsonSink.hxx"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <ctime>

namespace report {

namespace {

using Json = nlohmann::ordered_json;

// A dead reader may hold the end of the launcher up for so long.
constexpr int FINISH_MILLISECONDS = 200;

std::string FormatTime(WallTime time) {
    const auto since =
        std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
    const std::time_t seconds = since / 1'000'000;
    std::tm utc = {};
    gmtime_r(&seconds, &utc);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", utc.tm_year + 1900,
                       utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                       since % 1'000'000);
}

Json ToValue(const ListenerInfo &listener) {
    Json value = {{"name", listener.name}, {"address", listener.address}};
    value["port"] = listener.port ? Json(*listener.port) : Json();
    value["type"] = listener.type;
    return value;
}

Json ToValue(const BalanceInfo &balance) {
    Json value = {{"policy", balance.policy}, {"tier", balance.tier}};
    value["lacks"] = balance.lacks.empty() ? Json() : Json(balance.lacks);
    return value;
}

Json ToValue(const std::vector<ListenerInfo> &listeners) {
    Json values = Json::array();
    for (const ListenerInfo &listener : listeners)
        values.push_back(ToValue(listener));
    return values;
}

template <typename Value> Json ToValue(const std::optional<Value> &value) {
    return value ? Json(*value) : Json();
}

template <typename Value> Json ToValue(const Value &value) {
    return value;
}

std::string Line(const Json &object) {
    // Addresses and messages may hold any bytes; a line is valid UTF-8 all the same.
    return object.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace

std::string ToJson(const Event &event, WallTime time) {
    Json object;
    std::visit(
        [&object, time](const auto &fact) {
            object["event"] = fact.NAME;
            object["time"] = FormatTime(time);
            fact.VisitFields(
                [&object](const char *name, const auto &value) { object[name] = ToValue(value); });
        },
        event);
    return Line(object);
}

void JsonSink::Emit(const Event &event, WallTime time) noexcept {
    outlet.Flush();
    TellDropped(time);
    outlet.Write(ToJson(event, time));
}

void JsonSink::Finish() noexcept {
    outlet.Flush(FINISH_MILLISECONDS);
    TellDropped(std::chrono::system_clock::now());
}

void JsonSink::TellDropped(WallTime time) {
    if (outlet.HasRoom())
        if (const auto dropped = outlet.TakeDropped(); dropped != 0)
            outlet.Write(ToJson(Dropped{dropped}, time));
}

} // namespace report
