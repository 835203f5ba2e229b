#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace sys {

/** One line of /etc/passwd, as far as a launcher needs it. */
struct User {
    std::string name;
    uid_t uid;
    gid_t gid;
    std::string home, shell; // `shell` is /bin/sh if the line names none, see passwd(5)
};

/** Users and groups from files in the formats of passwd(5) and group(5), through fgetpwent(3) and
 *  fgetgrent(3). NSS is never called: its modules cannot be loaded into a static program. A missing
 *  file counts as an empty one. */
class Accounts {
public:
    explicit Accounts(std::string directory = "/etc");

    std::optional<User> FindUser(std::string_view name) const;
    std::optional<User> FindUser(uid_t uid) const;
    std::optional<gid_t> FindGroup(std::string_view name) const;

    /** The groups that list the user as a member, and `primary`; each once. */
    std::vector<gid_t> GroupsOf(std::string_view user, gid_t primary) const;

private:
    std::string passwd, group;
};

} // namespace sys
