#include "spawn/Environment.hxx"

#include <algorithm>

namespace spawn {

namespace {

bool HasName(std::string_view entry, std::string_view name) noexcept {
    return entry.size() > name.size() && entry[name.size()] == '=' && entry.starts_with(name);
}

std::string MakeEntry(std::string_view name, std::string_view value) {
    std::string entry;
    entry.reserve(name.size() + 1 + value.size());
    entry.append(name).append("=").append(value);
    return entry;
}

} // namespace

Environment::Environment(const char *const *_entries) {
    for (; *_entries != nullptr; _entries++)
        entries.emplace_back(*_entries);
}

std::size_t Environment::IndexOf(std::string_view name) const noexcept {
    std::size_t i = 0;
    while (i < entries.size() && !HasName(entries[i], name))
        i++;
    return i;
}

std::optional<std::string_view> Environment::Find(std::string_view name) const noexcept {
    const std::size_t i = IndexOf(name);
    if (i == entries.size())
        return std::nullopt;
    return std::string_view(entries[i]).substr(name.size() + 1);
}

std::vector<std::string_view> Environment::LateNames() const {
    std::vector<std::string_view> names;
    for (const Late &item : late)
        names.push_back(std::string_view(item.entry).substr(0, item.digits - 1));
    return names;
}

void Environment::Set(std::string_view name, std::string_view value) {
    Unset(name);
    entries.push_back(MakeEntry(name, value));
}

void Environment::SetFirst(std::string_view name, std::string_view value) {
    Unset(name);
    entries.insert(entries.begin(), MakeEntry(name, value));
}

void Environment::Unset(std::string_view name) noexcept {
    std::erase_if(entries, [name](const std::string &entry) { return HasName(entry, name); });
    std::erase_if(late, [name](const Late &item) { return HasName(item.entry, name); });
}

void Environment::UnsetIf(bool (*unwanted)(std::string_view) noexcept) noexcept {
    std::erase_if(entries, [unwanted](const std::string &entry) {
        return unwanted(std::string_view(entry).substr(0, entry.find('=')));
    });
}

void Environment::SetLate(std::string_view name, PidText::Kind kind) {
    Unset(name);
    std::string entry(name);
    entry += '=';
    const std::size_t digits = entry.size();
    entry.append(PidText::DIGITS + 1, '\0');
    late.push_back({std::move(entry), digits, kind});
}

Environment::Block Environment::MakeBlock() {
    Block block;
    block.envp.reserve(entries.size() + late.size() + 1);
    for (std::string &entry : entries)
        block.envp.push_back(entry.data());
    for (const auto kind : {PidText::Kind::PID, PidText::Kind::PIDFD_ID})
        for (Late &item : late)
            if (item.kind == kind) {
                block.envp.push_back(item.entry.data());
                block.pid_texts.push_back(
                    {kind, item.entry.data() + item.digits, &block.envp[block.envp.size() - 1]});
            }
    block.envp.push_back(nullptr);
    return block;
}

} // namespace spawn
