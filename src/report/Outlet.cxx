#include "report/Outlet.hxx"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <poll.h>

namespace report {

namespace {

/** What may be otherwise the next time. */
bool Passes(int error) noexcept {
    return error == ENOSPC || error == EDQUOT || error == EFBIG || error == ENOMEM;
}

} // namespace

void Outlet::Write(std::string_view line) {
    if (broken)
        return;
    if (kept.size() - done + line.size() > MOST_KEPT) {
        Flush();
        if (kept.size() - done + line.size() > MOST_KEPT) {
            dropped++;
            return;
        }
    }
    Append(line);
    Flush();
    if (!kept.empty() && on_kept)
        on_kept();
}

void Outlet::Add(std::string_view begin, std::string_view end) {
    if (broken) {
        lost++;
    } else {
        Append(begin);
        kept += end;
        kept += '\n';
    }
    if (on_kept) // where it is broken, too: it is to be noticed
        on_kept();
}

void Outlet::Append(std::string_view text) {
    if (kept.empty() && mid_line) // a line that failed half-way stays one of its own
        kept += '\n';
    kept += text;
}

/** From `done` on: all, or as many lines as an atomic write can take. */
std::string_view Outlet::NextPiece() const noexcept {
    const std::string_view left = std::string_view(kept).substr(done);
    if (long_writes || left.size() <= PIPE_BUF)
        return left;
    const std::string_view piece = left.substr(0, PIPE_BUF);
    return piece.substr(0, piece.rfind('\n') + 1).empty() ? piece
                                                          : piece.substr(0, piece.rfind('\n') + 1);
}

void Outlet::Flush(std::chrono::milliseconds patience) noexcept {
    using Clock = std::chrono::steady_clock;
    const auto until = patience.count() == 0 ? Clock::time_point() : Clock::now() + patience;
    while (done < kept.size()) {
        const ssize_t length = writer.Write(NextPiece());
        if (length > 0) {
            done += static_cast<std::size_t>(length);
            mid_line = kept[done - 1] != '\n';
            trouble = 0;
        } else if (length < 0 && errno != EAGAIN && errno != EINTR) {
            return Fail(errno);
        } else {
            const auto left =
                patience.count() == 0
                    ? 0
                    : std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
            pollfd target = {writer.Pollable().Get(), POLLOUT, 0};
            if (left <= 0 || poll(&target, 1, static_cast<int>(left)) <= 0)
                break;
        }
    }
    // Moved rarely: what is kept can be a megabyte, what a pipe takes is a few pages.
    if (done == kept.size() || done > kept.size() / 2) {
        kept.erase(0, done);
        done = 0;
    }
}

void Outlet::Fail(int error) noexcept {
    trouble = error;
    broken = !Passes(error);
    (broken ? lost : dropped) += Forget();
}

std::uint64_t Outlet::Forget() noexcept {
    const auto lines =
        std::count(kept.begin() + static_cast<std::ptrdiff_t>(done), kept.end(), '\n');
    kept.clear();
    done = 0;
    return static_cast<std::uint64_t>(lines);
}

std::uint64_t Outlet::Discard() noexcept {
    return Forget();
}

void Outlet::Replace(sys::UniqueFd owned) noexcept {
    writer = sys::Writer(std::move(owned));
    trouble = 0;
    broken = false;
    mid_line = false;
}

} // namespace report
