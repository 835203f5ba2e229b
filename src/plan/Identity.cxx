#include "plan/Identity.hxx"
#include "util/Text.hxx"
#include "util/UserError.hxx"

#include <fmt/format.h>

namespace plan {

spawn::Ids MakeIds(const Options &options) {
    spawn::Ids ids = options.user;
    if (options.group) {
        ids.gid = options.group;
        // The primary group is the first of the list; --group takes its place there too.
        if (!ids.groups)
            ids.groups.emplace(1);
        ids.groups->front() = *options.group;
    }
    if (ids.uid && !ids.gid)
        throw util::UserError(fmt::format(
            "{} {}: this number is not in /etc/passwd: say the group too, UID:GROUP or --group",
            options.user_said.source, util::Quote(options.user_said.value)));
    return ids;
}

pool::AccountVariables MakeAccount(const Options &options, uid_t own) {
    if (!options.user.uid || *options.user.uid == own)
        return {};
    if (!options.account)
        return {{"HOME", "/"},
                {"USER", std::nullopt},
                {"LOGNAME", std::nullopt},
                {"SHELL", std::nullopt}};
    const sys::User &user = *options.account;
    return {{"HOME", user.home.empty() ? "/" : user.home},
            {"USER", user.name},
            {"LOGNAME", user.name},
            {"SHELL", user.shell}};
}

} // namespace plan
