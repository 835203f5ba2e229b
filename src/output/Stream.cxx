#include "output/Stream.hxx"
#include "output/Lines.hxx"

#include <array>
#include <cerrno>
#include <sys/epoll.h>
#include <system_error>
#include <unistd.h>

namespace output {

namespace {

constexpr std::size_t SMALL = 4096; // what may stay allocated for nothing
constexpr unsigned MOST_READS =
    16; // one or two empty a pipe; the largest without privileges, 1 MiB, 16

/** As much as a pipe holds, unless somebody has made it larger (pipe(7)). */
using Chunk = std::array<char, 64 * 1024>;

} // namespace

Stream::Stream(loop::Loop &loop, LineTaker &_taker, Drain &_drain, sys::UniqueFd _reader,
               const pool::WorkerRef &_worker, bool _is_error, std::string _prefix)
    : taker(_taker), drain(_drain), reader(std::move(_reader)),
      readable(loop, loop::Priority::MESSAGES,
               loop::FdEvent::Callback::Make<&Stream::OnReadable>(*this)),
      worker(_worker), is_error(_is_error), prefix(std::move(_prefix)) {
    readable.Watch(reader, EPOLLIN);
    drain.Attach(*this);
}

Stream::~Stream() {
    if (reader.IsDefined())
        drain.Detach(*this);
}

void Stream::ReadOn() noexcept {
    for (unsigned i = 0; i < MOST_READS && !waiting && Read() == Got::SOMETHING; i++) {
    }
}

void Stream::Finish() noexcept {
    finishing = true;
    ReadOn();
}

Stream::Got Stream::Read() noexcept {
    Chunk chunk;
    if (!reader.IsDefined())
        return Got::END;
    const ssize_t length = read(reader.Get(), chunk.data(), chunk.size());
    if (length > 0) {
        const std::string_view text(chunk.data(), static_cast<std::size_t>(length));
        if (kept.empty()) {
            Feed(text);
        } else {
            kept += text;
            Feed(kept);
        }
        return Got::SOMETHING;
    }
    if (length < 0 && (errno == EAGAIN || errno == EINTR) && !finishing)
        return Got::NOTHING;
    if (!kept.empty()) // the last line has no newline
        taker.Take(*this, kept);
    kept.clear();
    End();
    return Got::END;
}

/** Gives away the lines of `text`, a chunk or `kept`, and keeps the rest. */
void Stream::Feed(std::string_view text) noexcept {
    std::size_t used = 0;
    auto line = FirstLine(text);
    while (line && drain.MakeRoom()) {
        taker.Take(*this, line->text);
        used += line->used;
        line = FirstLine(text.substr(used));
    }
    if (!kept.empty())
        kept.erase(0, used);
    else
        kept.assign(text.substr(used));
    if (kept.empty() && kept.capacity() > SMALL)
        std::string().swap(kept);
    if (line) {
        waiting = true;
        readable.Cancel();
        drain.Wait(*this);
    }
}

void Stream::Resume() noexcept {
    waiting = false;
    Feed(kept);
    if (waiting)
        return;
    Watch();
    if (finishing)
        ReadOn();
}

void Stream::Watch() noexcept {
    try {
        readable.Watch(reader, EPOLLIN);
    } catch (const std::system_error &) { // the kernel has no memory for it
        End();
    }
}

std::size_t Stream::Discard() noexcept {
    Chunk chunk;
    std::size_t lines = CountLines(kept);
    bool mid_line = !kept.empty() && kept.back() != '\n';
    // What a writer that nobody ends adds meanwhile is neither waited for nor counted.
    for (unsigned i = 0; i < MOST_READS; i++) {
        const ssize_t length =
            reader.IsDefined() ? read(reader.Get(), chunk.data(), chunk.size()) : 0;
        if (length <= 0)
            break;
        const std::string_view text(chunk.data(), static_cast<std::size_t>(length));
        lines += CountLines(text) - (mid_line ? 1 : 0);
        mid_line = text.back() != '\n';
    }
    kept.clear();
    End();
    return lines;
}

void Stream::End() noexcept {
    if (!reader.IsDefined())
        return;
    readable.Cancel();
    reader.Close();
    drain.Detach(*this);
    taker.Ended(*this);
}

} // namespace output
