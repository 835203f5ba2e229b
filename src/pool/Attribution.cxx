#include "pool/Attribution.hxx"
#include "util/Number.hxx"

#include <algorithm>
#include <climits>

namespace pool {

namespace {

bool IsMember(const Family &family, const ProcessName &name) noexcept {
    return std::find(family.members.begin(), family.members.end(), name) != family.members.end();
}

/** What it left may have forked after its end. */
bool CanHaveLeft(const Family &family, const Orphan &orphan) noexcept {
    return family.runs_program && family.start <= orphan.name.start;
}

} // namespace

bool HasNumberOf(const Family &family, const Orphan &orphan) noexcept {
    return family.leader != 0 &&
           (orphan.group == family.leader || orphan.session == family.leader) &&
           (family.held_until == 0 || orphan.name.start <= family.held_until);
}

std::optional<Orphan> Orphan::Look(pid_t pid) noexcept {
    const auto stat = sys::ReadProcessStat(pid);
    if (!stat || stat->state == 'Z' || stat->state == 'X')
        return std::nullopt;
    return Orphan{{pid, stat->start}, stat->group, stat->session};
}

Mark Mark::Find(const sys::ProcessEnvironment &environment, std::string_view run) noexcept {
    if (environment.Find("CLUSTERIZE_RUN") != run)
        return {};
    const auto id =
        util::ParseUnsigned(environment.Find("CLUSTERIZE_WORKER_ID").value_or(""), UINT_MAX);
    return {true, id ? std::optional(static_cast<unsigned>(*id)) : std::nullopt};
}

Owner AttributeByKinship(const Orphan &orphan, std::span<const Family> families) noexcept {
    for (const Family &family : families)
        if (IsMember(family, orphan.name))
            return family.owner;
    for (const Family &family : families)
        if (HasNumberOf(family, orphan))
            return family.owner;
    return {};
}

Owner AttributeByMark(const Orphan &orphan, const Mark &mark, std::span<const Family> families,
                      bool strangers) noexcept {
    if (mark.is_ours)
        return mark.worker ? Owner{Owner::Kind::WORKER, *mark.worker}
                           : Owner{Owner::Kind::COMPANION, 0};
    const Family *only = nullptr;
    for (const Family &family : families) {
        if (!CanHaveLeft(family, orphan))
            continue;
        if (only != nullptr)
            return {};
        only = &family;
    }
    const bool has_ended = only != nullptr && only->held_until != 0;
    return has_ended && !strangers ? only->owner : Owner();
}

} // namespace pool
