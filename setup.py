"""What `pyproject.toml` cannot say: the wheel holds the studies, which stand at the top here."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class WithStudies(build_py):
    """Copies `studies/` into the built package; a checkout reads them where they are."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            target = Path(self.build_lib) / "vestry" / "studies"
            target.mkdir(parents=True, exist_ok=True)
            for study in Path("studies").glob("*.toml"):
                shutil.copy2(study, target)


setup(cmdclass={"build_py": WithStudies})
