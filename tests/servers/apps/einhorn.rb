# A worker in the way of einhorn's own library for workers: it insists on being a child of the
# process that EINHORN_MASTER_PID names, takes its sockets by number, and leaves on USR2.

require 'socket'

def ensure_worker!
  master = Integer(ENV.fetch('EINHORN_MASTER_PID'))
  abort "child of #{Process.ppid}, not of #{master}" unless Process.ppid == master
end

def socket(number = 0)
  count = Integer(ENV.fetch('EINHORN_FD_COUNT'))
  abort "there are #{count} sockets" unless number < count
  fd = Integer(ENV.fetch("EINHORN_FD_#{number}"))
  listed = ENV.fetch('EINHORN_FDS').split.map { |text| Integer(text) }
  abort "EINHORN_FDS is #{listed}" unless listed.size == count && listed[number] == fd
  TCPServer.for_fd(fd)
end

ensure_worker!
server = socket
Integer(ENV.fetch('EINHORN_CHILD_INDEX'))
Signal.trap('USR2') { exit!(0) }
loop do
  client = server.accept
  line = client.gets
  line = client.gets until line.nil? || line.strip.empty?
  body = "#{Process.pid}\n"
  client.write("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: #{body.bytesize}\r\n\r\n#{body}")
  client.close
rescue SystemCallError
  client&.close
end
