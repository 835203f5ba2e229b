#pragma once

#include "net/ListenSpec.hxx"

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace net {

/** Values on their way to a process of our own that was forked from this one, and back: the bytes
 *  as they are in memory. */
class Packer {
public:
    template <typename Value> void Add(const Value &value) {
        static_assert(std::is_trivially_copyable_v<Value>);
        bytes.append(reinterpret_cast<const char *>(&value), sizeof(value));
    }

    template <typename Value> void AddAll(const std::vector<Value> &values) {
        Add(values.size());
        for (const Value &value : values)
            Add(value);
    }

    void AddText(std::string_view text) {
        Add(text.size());
        bytes.append(text);
    }

    void AddIds(const sys::ProcessIds &ids) {
        Add(ids.uid);
        Add(ids.gid);
        AddAll(ids.groups);
        Add(ids.umask);
        Add(ids.process);
    }

    void AddOptions(const std::vector<SocketOption> &options) {
        Add(options.size());
        for (const SocketOption &option : options) {
            Add(option.level);
            Add(option.name);
            AddText(option.value);
        }
    }

    std::string Take() noexcept { return std::move(bytes); }

private:
    std::string bytes;
};

/** Takes the values out in the order in which they were added. A missing value is zero. */
class Unpacker {
public:
    explicit Unpacker(std::string_view bytes) noexcept : rest(bytes) {}

    template <typename Value> Value Get() {
        static_assert(std::is_trivially_copyable_v<Value>);
        Value value = {};
        if (rest.size() < sizeof(value)) {
            rest = {};
            return value;
        }
        std::memcpy(static_cast<void *>(&value), rest.data(), sizeof(value));
        rest.remove_prefix(sizeof(value));
        return value;
    }

    template <typename Value> std::vector<Value> GetAll() {
        std::vector<Value> values;
        const auto count = Get<std::size_t>();
        for (std::size_t i = 0; i < count && !rest.empty(); i++)
            values.push_back(Get<Value>());
        return values;
    }

    std::string GetText() {
        const auto size = Get<std::size_t>(); // before `rest` is looked at
        std::string text(rest.substr(0, size));
        rest.remove_prefix(text.size());
        return text;
    }

    sys::ProcessIds GetIds() {
        sys::ProcessIds ids;
        ids.uid = Get<uid_t>();
        ids.gid = Get<gid_t>();
        ids.groups = GetAll<gid_t>();
        ids.umask = Get<mode_t>();
        ids.process = Get<pid_t>();
        return ids;
    }

    std::vector<SocketOption> GetOptions() {
        std::vector<SocketOption> options;
        const auto count = Get<std::size_t>();
        for (std::size_t i = 0; i < count && !rest.empty(); i++) {
            const int level = Get<int>();
            const int name = Get<int>();
            options.push_back({level, name, GetText()});
        }
        return options;
    }

private:
    std::string_view rest;
};

} // namespace net
