#include "report/JsonSink.hxx"
#include "sys/Error.hxx"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <ctime>
#include <type_traits>
#include <utility>

namespace report {

namespace {

using Json = nlohmann::ordered_json;

// A dead reader may hold the end of the launcher up for so long.
constexpr std::chrono::milliseconds PATIENCE{200};

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

Json ToValue(const AddressType &type) {
    return std::visit([](const auto &value) { return Json(value); }, type);
}

template <typename Value> Json ToValue(const std::optional<Value> &value) {
    return value ? Json(*value) : Json();
}

Json ToValue(const SocketInfo &socket) {
    Json value = {{"listener", socket.listener}};
    value["given"] = ToValue(socket.given);
    value["queue"] = ToValue(socket.queue);
    value["limit"] = ToValue(socket.limit);
    return value;
}

Json ToValue(const SeatInfo &seat) {
    Json value = {{"seat", seat.seat}};
    value["id"] = ToValue(seat.id);
    if (!seat.reason.empty())
        value["reason"] = seat.reason;
    return value;
}

template <typename Info> Json ToValue(const std::vector<Info> &infos) {
    Json values = Json::array();
    for (const Info &info : infos)
        values.push_back(ToValue(info));
    return values;
}

template <typename Value> Json ToValue(const Value &value) {
    return value;
}

/** Addresses, messages and lines may hold any bytes; the text is valid UTF-8 all the same. */
std::string Dump(const Json &value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool IsPlain(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; });
}

// The object is written as text at once: the lines of workers come in hundreds of thousands.
template <typename Value> void AppendValue(std::string &text, const Value &value) {
    if constexpr (std::is_same_v<Value, bool>)
        text += value ? "true" : "false";
    else if constexpr (std::is_integral_v<Value>)
        text += fmt::format_int(value).c_str();
    else if constexpr (std::is_same_v<Value, std::string_view>)
        if (IsPlain(value))
            text.append("\"").append(value).append("\"");
        else
            text += Dump(value);
    else
        text += Dump(ToValue(value));
}

std::string ToObject(const Event &event, WallTime time) {
    std::string text;
    std::visit(
        [&text, time](const auto &fact) {
            text.append(R"({"event":")").append(fact.NAME).append(R"(","time":")");
            text.append(FormatTime(time)).append("\"");
            fact.VisitFields([&text](const char *name, const auto &value) {
                text.append(",\"").append(name).append("\":");
                AppendValue(text, value);
            });
        },
        event);
    text += '}';
    return text;
}

} // namespace

std::string ToJson(const Event &event, WallTime time) {
    return ToObject(event, time) + '\n';
}

void JsonSink::Emit(const Event &event, WallTime time) noexcept {
    if (std::holds_alternative<Output>(event)) {
        outlet.Add({}, ToObject(event, time));
        return;
    }
    outlet.Flush();
    TellDropped(time);
    outlet.Write(ToJson(event, time));
}

void JsonSink::Finish() noexcept {
    outlet.Flush(PATIENCE);
    TellDropped(std::chrono::system_clock::now());
}

std::optional<std::string> JsonSink::TakeComplaint() noexcept {
    const int trouble = outlet.Trouble();
    if (trouble == 0 && !outlet.HasDropped()) {
        complained = false;
        return std::nullopt;
    }
    if (std::exchange(complained, true))
        return std::nullopt;
    return trouble != 0 ? fmt::format("cannot write the events: {}: they are dropped",
                                      sys::ErrnoText(trouble))
                        : "nobody reads the events: they are dropped";
}

void JsonSink::TellDropped(WallTime time) {
    if (outlet.HasRoom() && outlet.Trouble() == 0)
        if (const auto dropped = outlet.TakeDropped(); dropped != 0)
            outlet.Write(ToJson(Dropped{dropped}, time));
}

} // namespace report
