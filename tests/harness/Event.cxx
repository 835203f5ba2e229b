#include "harness/Process.hxx"

#include <nlohmann/json.hpp>
#include <stdexcept>

namespace harness {

namespace {

const nlohmann::json &Field(const nlohmann::json &value, const std::string &field) {
    const auto found = value.find(field);
    if (found == value.end())
        throw std::runtime_error("no field \"" + field + "\" in " + value.dump());
    return *found;
}

} // namespace

Event::Event(const std::string &line)
    : value(std::make_shared<const nlohmann::json>(nlohmann::json::parse(line))) {
    if (!value->is_object() || !value->contains("event"))
        throw std::runtime_error("not an event: " + line);
}

bool Event::Has(const std::string &field) const {
    return value->contains(field);
}

bool Event::IsNull(const std::string &field) const {
    return Field(*value, field).is_null();
}

long Event::Number(const std::string &field) const {
    const auto &found = Field(*value, field);
    if (!found.is_number_integer())
        throw std::runtime_error("no whole number: \"" + field + "\" in " + value->dump());
    return found.get<long>();
}

double Event::Real(const std::string &field) const {
    const auto &found = Field(*value, field);
    if (!found.is_number())
        throw std::runtime_error("no number: \"" + field + "\" in " + value->dump());
    return found.get<double>();
}

std::string Event::Text(const std::string &field) const {
    const auto &found = Field(*value, field);
    if (!found.is_string())
        throw std::runtime_error("no text: \"" + field + "\" in " + value->dump());
    return found.get<std::string>();
}

bool Event::Flag(const std::string &field) const {
    const auto &found = Field(*value, field);
    if (!found.is_boolean())
        throw std::runtime_error("no boolean: \"" + field + "\" in " + value->dump());
    return found.get<bool>();
}

std::vector<Event> Event::List(const std::string &field) const {
    const auto &found = Field(*value, field);
    if (!found.is_array())
        throw std::runtime_error("no list: \"" + field + "\" in " + value->dump());
    std::vector<Event> list;
    for (const auto &element : found) {
        Event event;
        event.value = std::make_shared<const nlohmann::json>(element);
        list.push_back(std::move(event));
    }
    return list;
}

Event Event::Object(const std::string &field) const {
    const auto &found = Field(*value, field);
    if (!found.is_object())
        throw std::runtime_error("no object: \"" + field + "\" in " + value->dump());
    Event event;
    event.value = std::make_shared<const nlohmann::json>(found);
    return event;
}

std::string Event::Dump() const {
    return value ? value->dump() : "(none)";
}

} // namespace harness
