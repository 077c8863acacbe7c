import socket
import sys

with socket.socket(socket.AF_UNIX) as conn:
    conn.connect(sys.argv[1])
    conn.sendall(b"question")
    print(conn.recv(64).decode())
