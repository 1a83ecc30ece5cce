"""Power conversion systems: what an EMS wants to know of one and to tell it, whatever its registers."""

from abc import abstractmethod

from hil.ems.device import Device


class Pcs(Device):
    """A PCS. Power is positive in discharge [W].

    Fields that a driver gives: ``power``, ``energy_exported``, ``energy_imported`` [J].
    """

    @property
    @abstractmethod
    def running(self) -> bool:
        """Whether it follows a set point."""

    @property
    @abstractmethod
    def fault(self) -> bool:
        """Whether something keeps it off that only a reset ends."""

    @property
    @abstractmethod
    def dc_open(self) -> bool:
        """Whether its DC breaker is open."""

    @abstractmethod
    def beat(self, count: int, timeout: float) -> None:
        """Show that the EMS lives, and have the PCS stop when it has not for a time-out [s]."""

    @abstractmethod
    def set_power(self, power: float) -> None:
        """Ask for a power [W]."""

    @abstractmethod
    def start(self) -> None:
        """Close the DC breaker and run."""

    @abstractmethod
    def stop(self) -> None:
        """Stop; the DC breaker stays as it is."""

    @abstractmethod
    def open_dc(self) -> None:
        """Open the DC breaker."""

    @abstractmethod
    def reset(self) -> None:
        """Reset faults whose cause is gone."""
