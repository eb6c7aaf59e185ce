"""The releases of the atlas, and an environment for each.

A release is a package laid over an environment: several releases share one TensorFlow. Three
Pythons are enough, and every version that could move a number is pinned.
"""

# name: (Python, packages)
ENVIRONMENTS = {
    "tf-1.13.1": ("3.7", ["tensorflow==1.13.1", "numpy==1.16.6", "scipy==1.4.1"]),
    "tf-1.14.0": ("3.7", ["tensorflow==1.14.0", "numpy==1.16.6", "scipy==1.4.1"]),
    "tf-1.15.5": ("3.7", ["tensorflow==1.15.5", "numpy==1.16.6", "scipy==1.4.1"]),
    "tf-2.0.4": ("3.7", ["tensorflow==2.0.4", "numpy==1.16.6", "scipy==1.4.1"]),
    "tf-2.1.4": ("3.7", ["tensorflow-cpu==2.1.4", "numpy==1.16.6", "scipy==1.4.1"]),
    "tf-2.2.3": ("3.8", ["tensorflow-cpu==2.2.3", "numpy==1.18.5"]),
    "tf-2.3.4": ("3.8", ["tensorflow-cpu==2.3.4", "numpy==1.18.5"]),
    "tf-2.4.4": ("3.8", ["tensorflow-cpu==2.4.4", "numpy==1.19.5"]),
    "tf-2.5.3": ("3.8", ["tensorflow-cpu==2.5.3", "numpy==1.19.5"]),
    "tf-2.6.5": ("3.8", ["tensorflow-cpu==2.6.5", "keras==2.6.0", "numpy==1.19.5"]),
    "tf-2.7.4": ("3.8", ["tensorflow-cpu==2.7.4", "keras==2.7.0", "numpy==1.21.6"]),
    "tf-2.8.4": ("3.8", ["tensorflow-cpu==2.8.4", "keras==2.8.0", "numpy==1.21.6"]),
    "tf-2.9.3": ("3.8", ["tensorflow-cpu==2.9.3", "keras==2.9.0", "numpy==1.21.6"]),
    "tf-2.10.1": ("3.8", ["tensorflow-cpu==2.10.1", "keras==2.10.0", "numpy==1.21.6"]),
    "tf-2.11.1": ("3.8", ["tensorflow-cpu==2.11.1", "keras==2.11.0", "numpy==1.21.6"]),
    "tf-2.12.1": ("3.11", ["tensorflow-cpu==2.12.1", "keras==2.12.0", "numpy==1.23.5"]),
    "tf-2.13.1": ("3.11", ["tensorflow-cpu==2.13.1", "keras==2.13.1", "numpy==1.24.3"]),
    "tf-2.14.1": ("3.11", ["tensorflow-cpu==2.14.1", "keras==2.14.0", "numpy==1.26.4"]),
    "tf-2.15.1": ("3.11", ["tensorflow-cpu==2.15.1", "keras==2.15.0", "numpy==1.26.4"]),
    "tf-2.16.2": (
        "3.11",
        ["tensorflow-cpu==2.16.2", "keras==3.4.1", "numpy==1.26.4", "dm-tree==0.1.8"],
    ),
    "tf-2.18.1": ("3.11", ["tensorflow-cpu==2.18.1", "keras==3.8.0", "numpy==2.0.2"]),
    "tf-2.19.1": ("3.11", ["tensorflow-cpu==2.19.1", "keras==3.10.0", "numpy==2.1.3"]),
    "tf-2.20.0": ("3.11", ["tensorflow-cpu==2.20.0", "keras==3.13.2", "numpy==2.1.3"]),
    "tf-2.21.0": ("3.11", ["tensorflow-cpu==2.21.0", "keras==3.15.1", "numpy==2.4.6"]),
}

# What these TensorFlows leave open and cannot bear in its newest version.
for _name, (_python, _packages) in ENVIRONMENTS.items():
    if _python == "3.7":
        _packages += ["h5py==2.10.0", "protobuf==3.20.3", "PyYAML==6.0.1"]
    elif _python == "3.8":
        _packages += ["protobuf==3.19.6"]


# name: (environment, the package laid over it or None). The name tells the runner what to import:
# keras-* imports keras, tf.keras-* tensorflow.keras, tf_keras-* tf_keras.
RELEASES = {
    "keras-2.2.4": ("tf-1.13.1", "keras==2.2.4"),
    "keras-2.2.5": ("tf-1.14.0", "keras==2.2.5"),
    "keras-2.3.1": ("tf-1.15.5", "keras==2.3.1"),
    "tf.keras-1.13.1": ("tf-1.13.1", None),
    "tf.keras-1.14.0": ("tf-1.14.0", None),
    "tf.keras-1.15.5": ("tf-1.15.5", None),
    "tf.keras-2.0.4": ("tf-2.0.4", None),
    "tf.keras-2.1.4": ("tf-2.1.4", None),
    "tf.keras-2.2.3": ("tf-2.2.3", None),
    "tf.keras-2.3.4": ("tf-2.3.4", None),
    "tf.keras-2.4.4": ("tf-2.4.4", None),
    "tf.keras-2.5.3": ("tf-2.5.3", None),
    "tf.keras-2.6.5": ("tf-2.6.5", None),
    "tf.keras-2.7.4": ("tf-2.7.4", None),
    "tf.keras-2.8.4": ("tf-2.8.4", None),
    "tf.keras-2.9.3": ("tf-2.9.3", None),
    "tf.keras-2.10.1": ("tf-2.10.1", None),
    "tf.keras-2.11.1": ("tf-2.11.1", None),
    "tf.keras-2.12.1": ("tf-2.12.1", None),
    "tf.keras-2.13.1": ("tf-2.13.1", None),
    "tf.keras-2.14.1": ("tf-2.14.1", None),
    "tf.keras-2.15.1": ("tf-2.15.1", None),
    "tf_keras-2.16.0": ("tf-2.16.2", "tf_keras==2.16.0"),
    "tf_keras-2.21.0": ("tf-2.21.0", "tf_keras==2.21.0"),
    "keras-3.0.5": ("tf-2.16.2", "keras==3.0.5"),
    "keras-3.1.1": ("tf-2.16.2", "keras==3.1.1"),
    "keras-3.2.1": ("tf-2.16.2", "keras==3.2.1"),
    "keras-3.3.3": ("tf-2.16.2", "keras==3.3.3"),
    "keras-3.4.1": ("tf-2.16.2", "keras==3.4.1"),
    "keras-3.5.0": ("tf-2.18.1", "keras==3.5.0"),
    "keras-3.6.0": ("tf-2.18.1", "keras==3.6.0"),
    "keras-3.7.0": ("tf-2.18.1", "keras==3.7.0"),
    "keras-3.8.0": ("tf-2.18.1", "keras==3.8.0"),
    "keras-3.9.2": ("tf-2.18.1", "keras==3.9.2"),
    "keras-3.10.0": ("tf-2.19.1", "keras==3.10.0"),
    "keras-3.11.3": ("tf-2.19.1", "keras==3.11.3"),
    "keras-3.12.4": ("tf-2.20.0", "keras==3.12.4"),
    "keras-3.13.2": ("tf-2.20.0", "keras==3.13.2"),
    "keras-3.14.1": ("tf-2.21.0", "keras==3.14.1"),
    "keras-3.15.1": ("tf-2.21.0", "keras==3.15.1"),
}
