#!/bin/bash
# guest_units.sh: the installed units, with an attack at work.
. /root/guest.sh

exposure()
{
	systemd-analyze security actionkit.service | tail -1
	systemd-analyze security --threshold=25 actionkit.service >/dev/null
}

check "the units begin" systemctl enable --now actionkit.socket actionkit.service
check "nginx begins" systemctl restart nginx
check "it answers" await answers
check "hardened to 2.5" exposure

pause
check "an attack begins" await state_is T
load_begin

check "reload" systemctl reload actionkit
check "the next generation serves" await generation_is 2
check "reload with a mistake fails, and the log names file and line" wrong_option
echo 'responders 3' >>$options
check "reload with another option" systemctl reload actionkit
check "it counts" await responders_are 3
check "the attack goes on" state_is T

pid=$(main_pid)
systemctl kill --kill-whom=main -s QUIT actionkit
check "QUIT: it is started again" await replaced "$pid"
check "the attack goes on after QUIT" state_is T
pid=$(main_pid)
systemctl kill --kill-whom=all -s KILL actionkit
check "SIGKILL of all: it is started again" await replaced "$pid"
check "the attack goes on after SIGKILL" state_is T

check "restart" systemctl restart actionkit
check "it stops the attack first" state_is S
load_end
check "no request was refused in all of this" nothing_refused
check "stop of the socket" systemctl stop actionkit.socket
check "stops the service" refuses systemctl is-active actionkit.service
echo "1..$count"
