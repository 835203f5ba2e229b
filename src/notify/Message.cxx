#include "notify/Message.hxx"
#include "util/Number.hxx"
#include "util/Text.hxx"

#include <algorithm>
#include <array>
#include <cstdint>

namespace notify {

namespace {

struct Field {
    std::string_view name;
    void (*read)(Message &message, std::string_view value);
};

void ReadExtend(Message &message, std::string_view value) {
    const auto asked = util::ParseUnsigned(value, UINT64_MAX);
    if (!asked)
        return;
    using Micro = std::chrono::duration<std::uint64_t, std::micro>;
    const std::uint64_t most = std::chrono::microseconds(LONGEST).count();
    message.extend = std::chrono::ceil<std::chrono::milliseconds>(Micro(std::min(*asked, most)));
}

constexpr std::array<Field, 5> FIELDS = {{
    {"READY", [](Message &message, std::string_view value) { message.ready = value == "1"; }},
    {"STOPPING", [](Message &message, std::string_view value) { message.stopping = value == "1"; }},
    {"STATUS", [](Message &message, std::string_view value) { message.status = value; }},
    {"MAINPID", [](Message &message, std::string_view value) { message.main_pid = value; }},
    {"EXTEND_TIMEOUT_USEC", ReadExtend},
}};

} // namespace

Message ParseMessage(std::string_view text) {
    Message message;
    for (const std::string_view line : util::Split(text, '\n')) {
        const auto [name, value] = util::Cut(line, '=');
        for (const Field &field : FIELDS)
            if (field.name == name)
                field.read(message, value);
    }
    return message;
}

} // namespace notify
