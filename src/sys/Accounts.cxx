#include "sys/Accounts.hxx"

#include <algorithm>
#include <cstdio>
#include <grp.h>
#include <memory>
#include <pwd.h>

namespace sys {

namespace {

struct CloseFile {
    void operator()(FILE *file) const noexcept { std::fclose(file); }
};

std::unique_ptr<FILE, CloseFile> Open(const std::string &path) {
    return std::unique_ptr<FILE, CloseFile>(std::fopen(path.c_str(), "re"));
}

/** The first entry of passwd that the predicate takes. */
template <typename Predicate>
std::optional<User> ScanUsers(const std::string &path, Predicate wanted) {
    const auto file = Open(path);
    while (file != nullptr) {
        const passwd *entry = fgetpwent(file.get());
        if (entry == nullptr)
            break;
        if (wanted(*entry))
            return User{entry->pw_name, entry->pw_uid, entry->pw_gid, entry->pw_dir,
                        *entry->pw_shell != '\0' ? entry->pw_shell : "/bin/sh"};
    }
    return std::nullopt;
}

template <typename Visitor> void ScanGroups(const std::string &path, Visitor visit) {
    const auto file = Open(path);
    while (file != nullptr) {
        const struct group *entry = fgetgrent(file.get());
        if (entry == nullptr)
            return;
        visit(*entry);
    }
}

} // namespace

Accounts::Accounts(std::string directory)
    : passwd(directory + "/passwd"), group(std::move(directory) + "/group") {}

std::optional<User> Accounts::FindUser(std::string_view name) const {
    return ScanUsers(passwd, [name](const struct passwd &entry) { return name == entry.pw_name; });
}

std::optional<User> Accounts::FindUser(uid_t uid) const {
    return ScanUsers(passwd, [uid](const struct passwd &entry) { return uid == entry.pw_uid; });
}

std::optional<gid_t> Accounts::FindGroup(std::string_view name) const {
    std::optional<gid_t> found;
    ScanGroups(group, [&found, name](const struct group &entry) {
        if (!found && name == entry.gr_name)
            found = entry.gr_gid;
    });
    return found;
}

std::vector<gid_t> Accounts::GroupsOf(std::string_view user, gid_t primary) const {
    std::vector<gid_t> groups = {primary};
    ScanGroups(group, [&groups, user](const struct group &entry) {
        for (char **member = entry.gr_mem; *member != nullptr; member++)
            if (user == *member &&
                std::find(groups.begin(), groups.end(), entry.gr_gid) == groups.end())
                groups.push_back(entry.gr_gid);
    });
    return groups;
}

} // namespace sys
